/* `flash-reconciler recover`: a recovery by hand, with the daemons running or stopped. */
#ifndef RECONCILER_VERB_RECOVER_H
#define RECONCILER_VERB_RECOVER_H

/* argv[0] is what the program calls itself. Returns the exit code: 0 nothing to do or recovered, 1
 * something was lost or refused, or a recovery is needed and was not confirmed, 2 usage, 3 a part
 * cannot be reached, 4 another one is recovering, 5 broken off. */
int flash_verb_recover(int argc, char *const argv[]);

#endif
