/* A locked list and an eventfd; see flash/mailbox.h. */
#include "flash/mailbox.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct flash_mailbox {
    pthread_mutex_t lock;
    struct flash_letter *head, **tail;
    int fd;
    struct event *event;
    struct flash_mailbox_reader reader;
};

static void deliver_all(struct flash_mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    struct flash_letter *letter = mailbox->head;
    mailbox->head = NULL;
    mailbox->tail = &mailbox->head;
    pthread_mutex_unlock(&mailbox->lock);
    while (letter) {
        struct flash_letter *next = letter->next;
        mailbox->reader.deliver(letter, mailbox->reader.arg);
        letter = next;
    }
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    uint64_t count;
    if (read(fd, &count, sizeof(count)) == sizeof(count)) {
        deliver_all(arg);
    }
}

bool flash_mailbox_new(struct event_base *base, const struct flash_mailbox_reader *reader,
                       struct flash_mailbox **ret_mailbox, struct flash_error *err)
{
    struct flash_mailbox *mailbox = calloc(1, sizeof(*mailbox));
    if (!mailbox) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "mailbox: out of memory");
    }
    pthread_mutex_init(&mailbox->lock, NULL);
    mailbox->tail = &mailbox->head;
    mailbox->reader = *reader;
    mailbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (mailbox->fd >= 0) {
        mailbox->event = event_new(base, mailbox->fd, EV_READ | EV_PERSIST, readable, mailbox);
    }
    if (!mailbox->event || event_add(mailbox->event, NULL) != 0) {
        flash_mailbox_free(mailbox);
        return flash_error_set(err, FLASH_ERROR_RETRY, "mailbox: no eventfd");
    }
    *ret_mailbox = mailbox;
    return true;
}

void flash_mailbox_post(struct flash_mailbox *mailbox, struct flash_letter *letter)
{
    letter->next = NULL;
    pthread_mutex_lock(&mailbox->lock);
    bool first = !mailbox->head;
    *mailbox->tail = letter;
    mailbox->tail = &letter->next;
    pthread_mutex_unlock(&mailbox->lock);
    if (first) {
        uint64_t one = 1;
        ssize_t written = write(mailbox->fd, &one, sizeof(one));
        (void)written; /* EAGAIN: the counter is full, so the loop is awake already */
    }
}

void flash_mailbox_free(struct flash_mailbox *mailbox)
{
    if (!mailbox) {
        return;
    }
    deliver_all(mailbox);
    if (mailbox->event) {
        event_free(mailbox->event);
    }
    if (mailbox->fd >= 0) {
        close(mailbox->fd);
    }
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}
