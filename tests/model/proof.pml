/* Lost, or only late? One entry without verdict, and what must have happened before the reconciler may say that it
 * is not in the log: a window after the last attempt, a marker, the consumer past the marker, and then a look.
 *
 * Safety does not rest on it (sale.pml fences at any age): this is about never failing an order that was on its way. */
#ifndef SENDS
#define SENDS 2         /* attempts: the engine's, the reconciler's */
#endif
#ifndef STARTS
#define STARTS 1        /* how often a reconciler is replaced by one that knows nothing */
#endif
#define LOG 4           /* records */
#define ENTRY 1
#define MARKER 2

#define P_PROVEN 1      /* who is proven lost is in the log neither now nor later */
#define P_ENDS 2        /* at the end: the entry has its verdict */
#define P_REACHED 3     /* asked with -DREACH only: must break */

byte log[LOG]; byte length; byte applied; bool verdict;
byte unseen;            /* appended, but not committed yet: a reader of the watermark does not see them */
byte flying;            /* copies on their way */
bool young = 0;         /* the last attempt is less than a window old: what flies may still be appended */
bool met;               /* the entry is old enough to be looked at: its engine has sent it, or never will */
byte attempts; byte broken; bool lost; byte starts = STARTS; byte proofs;
#define MUST(p, c) if :: !(c) -> broken = p; assert(broken != p) :: else fi

inline attempt() { attempts = attempts + 1; flying = flying + 1; young = 1 }
active proctype Engine() { if :: d_step { attempt(); met = 1 } :: met = 1 fi }   /* at once, or never */
active proctype Kafka() {
  do
  :: d_step { flying > 0 && young && length < LOG -> flying--; log[length] = ENTRY; length = length + 1; unseen = unseen + 1 }
  :: d_step { flying > 0 && !young -> flying-- }         /* the topic refuses it: it is too old */
  :: d_step { flying > 0 -> flying-- }                   /* or it is lost, as ever */
  :: d_step { unseen > 0 -> unseen = 0 }                 /* acks=all: all before it are committed with it */
  :: d_step { young -> young = 0 }                       /* the window is over */
  od
}
active proctype Consumer() {
  do :: d_step { applied < length - unseen -> if :: log[applied] == ENTRY -> verdict = 1 :: else fi; applied = applied + 1 } od
}
#ifdef M_NO_WINDOW              /* mutant: the marker goes out at once */
#define OLD 1
#else
#define OLD (!young)
#endif
active proctype Reconciler() {
  byte mark; bool seen;
  met;
again:
  if
  :: verdict -> goto settled
#ifdef M_NO_START               /* mutant: one that has just started believes that nobody has sent anything */
  :: atomic { starts > 0 && attempts < SENDS -> starts--; d_step { attempt() } }  /* the one before it, and dies */
#else
  :: atomic { starts > 0 && attempts < SENDS -> starts--; d_step { attempt() }; OLD } /* it waits one window */
#endif
  :: OLD
  fi;
#ifdef M_WATERMARK              /* mutant: the high watermark is read instead of a marker sent */
  mark = length - unseen;
#else
  d_step { length < LOG -> log[length] = MARKER; length = length + 1; unseen = 0; mark = length };
#endif
#ifdef M_LOOKS_FIRST            /* mutant: the verdict is looked for before the marker is met */
  seen = verdict;
#endif
#ifndef M_NO_CURSOR             /* mutant: nobody waits for the consumer */
  applied >= mark;
#endif
#ifndef M_LOOKS_FIRST
  seen = verdict;
#endif
  if
  :: seen -> goto settled
  :: else -> lost = 1; proofs = proofs + 1
  fi;
  if
  :: d_step { lost && attempts < SENDS -> lost = 0; seen = 0; mark = 0; attempt() }; goto again
  :: d_step { attempts >= SENDS -> verdict = 1; lost = 0 }    /* the fence */
  fi;
settled:
  skip
}
#define IN_LOG ((log[0] == ENTRY && applied < 1 && length > 0) || (log[1] == ENTRY && applied < 2 && length > 1) || (log[2] == ENTRY && applied < 3 && length > 2) || (log[3] == ENTRY && applied < 4 && length > 3))
active proctype Always() {
  if
  :: atomic { lost && (verdict || IN_LOG || flying && young) -> broken = P_PROVEN; assert(broken != P_PROVEN) }
#ifdef REACH
  :: atomic { REACH -> broken = P_REACHED; assert(broken != P_REACHED) }
#endif
  fi
}
active proctype AtTheEnd() { timeout -> d_step { MUST(P_ENDS, verdict || length >= LOG) } }
