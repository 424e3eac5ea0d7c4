/* The routes of other services of the shop, on the internal listener (API.md): reserve, release,
 * deduct, pay, and the look at one reservation. */
#ifndef ENGINE_INVENTORY_H
#define ENGINE_INVENTORY_H

#include "worker.h"

void flash_inventory_reserve(struct flash_worker *worker, struct flash_request *request,
                             struct flash_text rest);
/* Up to FLASH_BATCH_LINES orders of one product, each with its own outcome. */
void flash_inventory_reserve_batch(struct flash_worker *worker, struct flash_request *request,
                                   struct flash_text rest);
void flash_inventory_release(struct flash_worker *worker, struct flash_request *request,
                             struct flash_text rest);
void flash_inventory_deduct(struct flash_worker *worker, struct flash_request *request,
                            struct flash_text rest);
/* rest: "<product>/<order>" */
void flash_inventory_reservation(struct flash_worker *worker, struct flash_request *request,
                                 struct flash_text rest);
/* rest: the order id. */
void flash_inventory_pay(struct flash_worker *worker, struct flash_request *request,
                         struct flash_text rest);

#endif
