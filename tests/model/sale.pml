/* A sale from the reserve script to settled stores: derived status, settle, the fence, user counts, and the
 * recovery of a Redis or a ledger (or both) that fell back, broken off anywhere and begun anew.
 *
 *     Sell, Pay, Expire ──script──▶ journal ──produce, or die──▶ Kafka ──▶ Consumer ──▶ ledger, settle
 *     Reconciler: journal ──▶ ledger (fence, or what is there) ──▶ settle        Recover: G+1, acked = 0, open
 *
 * Orders 0 and 2 are user 0's, order 1 is user 1's; a line is one unit. Entries: 0 = orders 0 and 1, 1 = order 2,
 * 2 = order 0 once more (its buyer's repeat, where Redis forgot it), 3 = the payment of order 0, 4 = its expiry.
 * One d_step is one script, or one committed transaction: nothing else is atomic. Time is not modelled: the fence
 * falls at any age, a stream id is always last + 1, and falls back with Redis, so ids come twice.
 * Flags choose the size and the faults; M_… turn one rule around (models.list says which property breaks). */
#ifndef UNITS
#define UNITS 2         /* of the SKU */
#endif
#ifndef LIMIT
#define LIMIT 2         /* units a user may hold */
#endif
#ifndef SHORT
#define SHORT 0         /* 1: entry 0 is order 0 alone */
#endif
#ifndef THIRD
#define THIRD 1         /* 0: without entry 1 */
#endif
#ifndef REPEAT
#define REPEAT 0        /* 1: with entry 2 */
#endif
#ifndef MOVES
#define MOVES 1         /* 0: without payment and expiry */
#endif
#ifndef CONSUMERS
#define CONSUMERS 1     /* 2: a zombie beside the owner of the partition */
#endif
#ifndef COPIES
#define COPIES 1        /* duplicates Kafka may make */
#endif
#ifndef DEATHS
#define DEATHS 1        /* of consumer or reconciler, between the ledger's commit and Redis */
#endif
#ifndef REDIS_BACK
#define REDIS_BACK 0    /* 1: Redis falls back, once, to any earlier state */
#endif
#ifndef LEDGER_BACK
#define LEDGER_BACK 0   /* 1: so does the ledger */
#endif
#ifndef BREAKS
#define BREAKS 0        /* how often a recovery dies between two of its steps */
#endif
#define LOSSES (REDIS_BACK + LEDGER_BACK)

/* letters of records, states of rows */
#define NONE 0
#define A 1             /* accepted: QUEUED or CREATED, by the journal */
#define CREATED 2
#define FAILED 3
#define PAID 4
#define EXPIRING 5      /* only in Redis */
#define EXPIRED 6
#define HOLDS(s) ((s) == A || (s) == CREATED || (s) == PAID || (s) == EXPIRING)
/* verdicts */
#define CLEAN 1
#define MIXED 2         /* APPLIED, but a line was refused, parked or met a row */
#define FENCED 3
/* entries */
#define PAY 3
#define EXP 4
#define ENTRIES 5
#define BIT(set, i) (((set) >> (i)) & 1)

/* properties: models.list names them */
#define P_REDIS_UNITS 1     /* always: stock and what is held are the base */
#define P_REDIS_USERS 2     /* always: a user's count is what the user holds */
#define P_LEDGER_UNITS 3    /* always: so in the ledger, and never below 0 */
#define P_LEDGER_LIMIT 4    /* no losses: nobody has more than the limit */
#define P_TRUE 5            /* whatever a reader is told, the ledger has; a FAILED too */
#define P_ONE_WINNER 6      /* payment and expiry are never both applied */
#define P_NO_REFUND 7       /* no losses: who is first in Redis wins */
#define P_NOT_BELOW 8       /* no losses: Redis' stock is never below 0 */
#define P_NO_PARKING 9      /* no losses: no transition meets a missing row */
#define P_DRAINED 10        /* at the end: no entry is open */
#define P_OPENED 11         /* at the end: the recovery came to its end */
#define P_SAME 12           /* at the end: Redis and the ledger tell the same of every order */
#define P_EQUAL 13          /* at the end: the same stock, not below 0 */
#define P_EXPIRES 14        /* at the end: every unpaid order has a due member */
#define P_MONEY 15          /* at the end: who paid has the order or a refund row */
#define P_REACHED 16        /* asked with -DREACH only: must break, or the model is too small */

/* ---- Redis ---- */
short stock = UNITS; byte rec[3]; byte ver[3]; byte at[3]; byte users[2];
byte journal; byte last; byte rgen; byte due;  /* bits: entries; due: 0-2 of entries, 3-5 of a sweep */
/* ---- entries' bytes ---- */
byte id[ENTRIES]; byte born[ENTRIES]; byte body[ENTRIES];
/* ---- ledger ---- */
short avail = UNITS; byte row[3]; byte rowv[3]; byte verdict[ENTRIES]; byte acked[ENTRIES]; byte parked; byte G; bool refund;
/* ---- Kafka, engines, recovery ---- */
short drawn; bool leap; byte sent[ENTRIES]; bool open = 1; byte knows; bool charged; bool lost;
byte copies = COPIES; byte deaths = DEATHS; byte breaks = BREAKS; byte broken;

#define USER(o)      ((o) == 1)
#define HAS(e, o)    ((e) == 0 && (o) < 2 && BIT(body[0], o) || (e) == 1 && (o) == 2 && body[1] || (e) == 2 && (o) == 0 && body[2])
#define OPENS(e, i)  (BIT(journal, e) && id[e] == (i))
#define LISTED(i)    (OPENS(0, i) || OPENS(1, i) || OPENS(2, i) || OPENS(3, i) || OPENS(4, i))
#define IS_QUEUED(o) (rec[o] == A && LISTED(at[o]))
#define IS_CREATED(o) (rec[o] == CREATED || rec[o] == A && !LISTED(at[o]))
#define HELD(u)      (HOLDS(rec[0]) * (u == 0) + HOLDS(rec[1]) * (u == 1) + HOLDS(rec[2]) * (u == 0))
#define ROWS_OF_0    (HOLDS(row[0]) + HOLDS(row[2]))
#define EXISTS(s)    ((s) == CREATED || (s) == PAID || (s) == EXPIRED)
#define SELLS        (open && knows == rgen)
#define WAITS(e)     (sent[e] > acked[e])
#define CASES(c)     if :: c(0) -> e = 0 :: c(1) -> e = 1 :: c(2) -> e = 2 :: c(3) -> e = 3 :: c(4) -> e = 4 fi
#define MUST(p, c)   if :: !(c) -> broken = p; assert(broken != p) :: else fi
#define EVER(p, c)   :: atomic { !(c) -> broken = p; assert(broken != p) }

/* ---- scripts ---- */

inline append(e) { last = last + 1; id[e] = last; born[e] = rgen; journal = journal | (1 << e) }

/* reserve.lua, a line: a known order is a replay, then limit, then stock */
#ifdef M_LIMIT_LATE             /* mutant: the limit is asked of the count before this line */
#define WITHIN(o) (users[USER(o)] <= LIMIT)
#else
#define WITHIN(o) (users[USER(o)] + 1 <= LIMIT)
#endif
inline reserve_line(e, o, mask) {
  if
  :: rec[o] == NONE && WITHIN(o) && stock >= 1 ->
       stock = stock - 1; users[USER(o)] = users[USER(o)] + 1;
       rec[o] = A; ver[o] = 1; at[o] = last + 1; body[e] = body[e] | mask
  :: else
  fi
}

/* settle.lua, a line of an entry that is adopted */
#ifdef M_NEWER_ONLY             /* mutant: a row of the record's own version is not adopted */
#define TAKEN_FROM(o, v) (v > ver[o])
#elif defined(M_ANY_VERSION)    /* mutant: also a row behind the record */
#define TAKEN_FROM(o, v) 1
#else
#define TAKEN_FROM(o, v) (v >= ver[o])
#endif
inline adopt(o, s, v) {
  if
  :: s != NONE && TAKEN_FROM(o, v) ->
#ifdef M_COUNT_FORGOTTEN        /* mutant: the count of an order that Redis forgot is not taken again */
       if :: rec[o] != NONE -> users[USER(o)] = users[USER(o)] + HOLDS(s) - HOLDS(rec[o]) :: else fi;
#elif !defined(M_COUNT_KEPT)    /* mutant: what a user holds no more is not given back */
       users[USER(o)] = users[USER(o)] + HOLDS(s) - HOLDS(rec[o]);
#endif
       stock = stock + HOLDS(rec[o]) - HOLDS(s);
       rec[o] = s; ver[o] = v; at[o] = 0
  :: else
  fi
}

/* consumer/settle.c decides which entries lua/settle just drops; g: the caller's generation */
#if defined(M_BY_TIME)          /* mutant: any generation, and by the µs part of the id alone */
#define DROPS(e, v, g) (v == CLEAN && e != EXP)
#elif defined(M_BY_TIME_IN_G)   /* mutant: of this generation, by the µs part alone */
#define DROPS(e, v, g) (v == CLEAN && e != EXP && born[e] == g)
#elif defined(M_DROPS_EXPIRY)   /* mutant: also entries that give units back */
#define DROPS(e, v, g) (v == CLEAN && born[e] == g && BIT(journal, e))
#elif defined(M_DROPS_MIXED)    /* mutant: every APPLIED one */
#define DROPS(e, v, g) (v <= MIXED && e != EXP && born[e] == g && BIT(journal, e))
#else
#define DROPS(e, v, g) (v == CLEAN && e != EXP && born[e] == g && BIT(journal, e))
#endif
#ifdef M_ANY_CALLER             /* mutant: settle does not compare generations */
#define REFUSES(g) 0
#else
#define REFUSES(g) (g != rgen)
#endif
#define DROP_AT(x, i) if :: OPENS(x, i) -> journal = journal & (31 - (1 << x)) :: else fi

inline settle(e, v, s0, v0, s1, v1, g, ok) {
  d_step {
    if
    :: v == 0 || REFUSES(g) -> ok = 0
    :: else ->
       ok = 1;
       if
       :: DROPS(e, v, g) ->
#if defined(M_BY_TIME) || defined(M_BY_TIME_IN_G)
            DROP_AT(0, id[e]); DROP_AT(1, id[e]); DROP_AT(2, id[e]); DROP_AT(3, id[e]); DROP_AT(4, id[e])
#else
            journal = journal & (31 - (1 << e))
#endif
       :: else ->
            journal = journal & (31 - (1 << e));
#if LOSSES                      /* consumer/settle.c: orders of this generation that Redis forgot close the gate */
            if :: born[e] == g && e < PAY && (HAS(e, 0) && rec[0] == NONE || HAS(e, 1) && rec[1] == NONE || HAS(e, 2) && rec[2] == NONE) -> open = 0 :: else fi;
#endif
            if
            :: e == 1 -> adopt(2, s0, v0)
            :: e == 0 -> if :: HAS(0, 0) -> adopt(0, s0, v0) :: else fi; if :: HAS(0, 1) -> adopt(1, s1, v1) :: else fi
            :: else -> adopt(0, s0, v0)
            fi;
#ifndef M_NO_DUE                /* mutant: an order adopted as CREATED gets no due member */
            if :: e < PAY && (HAS(e, 0) && IS_CREATED(0) || HAS(e, 1) && IS_CREATED(1) || HAS(e, 2) && IS_CREATED(2)) -> due = due | (1 << e) :: else fi;
#endif
            skip
       fi
    fi
  }
}

/* ---- ledger transactions ---- */

/* consumer/judge.c, reserve_line */
inline judge_line(o, clean) {
  if
  :: row[o] != NONE -> clean = 0
  :: row[o] == NONE && avail >= 1 -> avail = avail - 1; row[o] = CREATED; rowv[o] = 1
  :: row[o] == NONE && avail < 1 -> row[o] = FAILED; rowv[o] = 1; clean = 0
  fi
}
/* consumer/judge.c, transition_line; both start from version 1 */
inline judge_move(e, clean) {
  if
  :: row[0] == NONE -> parked = parked | (1 << (e - PAY)); clean = 0
  :: row[0] == CREATED && rowv[0] == 1 && e == PAY -> row[0] = PAID; rowv[0] = 2
  :: row[0] == CREATED && rowv[0] == 1 && e == EXP -> row[0] = EXPIRED; rowv[0] = 2; avail = avail + 1
  :: else ->
       clean = 0;
#ifndef M_NO_RAISE              /* mutant: a refused transition leaves the row's version alone */
       if :: rowv[0] < 2 -> rowv[0] = 2 :: else fi;
#endif
       if :: e == PAY && row[0] != PAID -> refund = 1 :: else fi
  fi
}
inline apply(e, clean) {
  if
  :: verdict[e] != 0                                    /* a duplicate: nothing */
  :: else ->
       clean = 1;
       if
       :: e == 1 -> judge_line(2, clean)
       :: e == 0 -> if :: HAS(0, 0) -> judge_line(0, clean) :: else fi; if :: HAS(0, 1) -> judge_line(1, clean) :: else fi
       :: e == 2 -> judge_line(0, clean)
       :: else -> judge_move(e, clean)
       fi;
       verdict[e] = (clean -> CLEAN : MIXED); clean = 0
  fi
}
/* reconciler/fence.c */
#ifdef M_FENCE_OVER             /* mutant: it overwrites a row that is there */
#define FREE(o) (row[o] == NONE || row[o] == CREATED)
#else
#define FREE(o) (row[o] == NONE)
#endif
inline fail(e, o) { if :: HAS(e, o) && FREE(o) -> avail = avail + HOLDS(row[o]); row[o] = FAILED; rowv[o] = 1 :: else fi }
inline fence(e) { if :: verdict[e] == 0 -> verdict[e] = FENCED; fail(e, 0); fail(e, 1); fail(e, 2) :: else fi }

#define FIRST(e)  (e == 1 -> 2 : 0)
inline read_rows(e) { v = verdict[e]; s0 = row[FIRST(e)]; v0 = rowv[FIRST(e)]; s1 = (e == 0 -> row[1] : 0); v1 = (e == 0 -> rowv[1] : 0); g = G }
inline forget() { e = 0; v = 0; s0 = 0; v0 = 0; s1 = 0; v1 = 0; g = 0; ok = 0 }

/* ---- processes ---- */

inline produce(e) { if :: sent[e] = sent[e] + 1 :: skip fi }   /* or its engine dies first */

active proctype Sell0() {
  d_step { SELLS -> reserve_line(0, 0, 1);
#if SHORT == 0
     reserve_line(0, 1, 2);
#endif
     if :: body[0] -> append(0); due = due | 1 :: else fi };
  if :: body[0] -> produce(0) :: else fi
}
#if THIRD
active proctype Sell1() {
  d_step { SELLS -> reserve_line(1, 2, 1); if :: body[1] -> append(1); due = due | 2 :: else fi };
  if :: body[1] -> produce(1) :: else fi
}
#endif
#if REPEAT
active proctype Sell2() {
  d_step { SELLS && BIT(body[0], 0) && rec[0] == NONE && stock >= 1 && WITHIN(0) -> reserve_line(2, 0, 1); append(2); due = due | 4 };
  produce(2)
}
#endif
#if MOVES
#ifdef M_PAY_QUEUED             /* mutant: what is QUEUED may be paid */
#define PAYABLE (rec[0] == A || rec[0] == CREATED)
#else
#define PAYABLE IS_CREATED(0)
#endif
active proctype Payer() {
  d_step { SELLS && PAYABLE && ver[0] == 1 -> rec[0] = PAID; ver[0] = 2; at[0] = 0; charged = 1; body[PAY] = 1; append(PAY) };
  produce(PAY)
}
#define MEMBER(m, o) ((m) < 3 && HAS(m, o) || (m) == 3 && (o) == 0)
active proctype Expirer() {      /* expire.lua: goes by the due members */
  byte m;
  do
  :: atomic { SELLS && !body[EXP] && (due & 13) -> if :: due & 1 -> m = 0 :: due & 4 -> m = 2 :: due & 8 -> m = 3 fi;
       d_step {
         if :: MEMBER(m, 0) && IS_CREATED(0) && ver[0] == 1 -> rec[0] = EXPIRING; ver[0] = 2; at[0] = 0; body[EXP] = 1; append(EXP) :: else fi;
         if
#ifdef M_POPS                   /* mutant: the member leaves though an order of it is QUEUED */
         :: due = due & (63 - (1 << m))
#else
         :: !(MEMBER(m, 0) && (IS_QUEUED(0) || IS_CREATED(0)) || MEMBER(m, 1) && (IS_QUEUED(1) || IS_CREATED(1))) -> due = due & (63 - (1 << m))
         :: else
#endif
         fi; m = 0 } };
     if :: body[EXP] -> produce(EXP); break :: else fi
  :: atomic { body[EXP] -> break }
  od
}
#endif

#ifdef M_ACKS_REFUSED           /* mutant: acked though Redis refused the settle */
#define TOLD 1
#else
#define TOLD ok
#endif
#ifdef M_ACKS_ANY_G             /* mutant: acked moves without a look at the generation */
#define MINE 1
#else
#define MINE (g == G)
#endif
active [CONSUMERS] proctype Consumer() {
  byte e; byte v; byte s0; byte v0; byte s1; byte v1; byte to; byte g; bool clean; bool ok;
  do
  :: atomic { CASES(WAITS);
#ifdef M_SETTLES_FIRST          /* mutant: Redis is told before the transaction is committed */
       d_step { v = CLEAN; s0 = (e < PAY -> CREATED : (e == PAY -> PAID : EXPIRED)); v0 = (e < PAY -> 1 : 2); s1 = (e == 0 -> CREATED : 0); v1 = 1; g = G; to = sent[e] };
       settle(e, v, s0, v0, s1, v1, g, ok); d_step { apply(e, clean); read_rows(e) } };
#else
       d_step { apply(e, clean); read_rows(e); to = sent[e] } };
#endif
     if
     :: atomic { deaths > 0 -> deaths--; forget(); to = 0 }
     :: settle(e, v, s0, v0, s1, v1, g, ok);
        d_step { if :: TOLD && MINE && to > acked[e] -> acked[e] = to :: else fi; forget(); to = 0 }
     fi
#if LOSSES && MOVES             /* a parked line whose order has come; it leaves the table once Redis is told */
  :: atomic { parked && row[0] != NONE -> d_step { e = (BIT(parked, 0) -> PAY : EXP); clean = 1; judge_move(e, clean); clean = 0; v = MIXED; s0 = row[0]; v0 = rowv[0]; g = G } };
     if
     :: atomic { deaths > 0 -> deaths--; forget() }
     :: settle(e, v, s0, v0, s1, v1, g, ok);
        d_step { if :: TOLD && MINE -> parked = parked & (3 - (1 << (e - PAY))) :: else fi; forget() }
     fi
#endif
  od
}
#define DUTY(e) (BIT(journal, e) && (e < PAY || verdict[e] || sent[e] == acked[e]))
active proctype Reconciler() {
  byte e; byte v; byte s0; byte v0; byte s1; byte v1; byte g; bool ok;
  do
  :: atomic { CASES(DUTY) };                             /* reads the journal, and later the ledger */
#ifdef M_COMPENSATES_FIRST      /* mutant: Redis is told FAILED before the fence is committed */
     if
     :: d_step { e < PAY && verdict[e] == 0 -> v = FENCED; s0 = FAILED; v0 = 1; s1 = (e == 0 -> FAILED : 0); v1 = 1; g = G };
        settle(e, v, s0, v0, s1, v1, g, ok); d_step { fence(e); forget() }
     :: d_step { e < PAY && verdict[e] != 0 -> read_rows(e) }; settle(e, v, s0, v0, s1, v1, g, ok); d_step { forget() }
     :: d_step { e >= PAY && BIT(journal, e) -> if :: verdict[e] == 0 && sent[e] == acked[e] -> sent[e] = sent[e] + 1 :: else fi; read_rows(e) };
        settle(e, v, s0, v0, s1, v1, g, ok); d_step { forget() }
     :: else -> d_step { forget() }
     fi
#else
     d_step {
       if
#ifdef M_NO_FENCE               /* mutant: no row is found, so it is lost; nothing is written */
       :: e < PAY && verdict[e] == 0 -> read_rows(e); v = FENCED; s0 = (s0 == NONE -> FAILED : s0); v0 = 1; s1 = (e == 0 && s1 == NONE -> FAILED : s1); v1 = (e == 0)
       :: e < PAY && verdict[e] != 0 -> read_rows(e)
#else
       :: e < PAY -> fence(e); read_rows(e)
#endif
       :: e >= PAY -> if :: verdict[e] == 0 && sent[e] == acked[e] -> sent[e] = sent[e] + 1 :: else fi; read_rows(e)
       fi };
     if
     :: atomic { v != 0 && deaths > 0 -> deaths--; forget() }
#ifdef M_TWO_SCRIPTS            /* mutant: the entry leaves in one script, FAILED is written in the next */
     :: v == FENCED -> d_step { if :: g == rgen -> journal = journal & (31 - (1 << e)) :: else fi };
        settle(e, v, s0, v0, s1, v1, g, ok); d_step { forget() }
     :: v != FENCED -> settle(e, v, s0, v0, s1, v1, g, ok); d_step { forget() }
#else
     :: atomic { settle(e, v, s0, v0, s1, v1, g, ok); d_step { forget() } }
#endif
     fi
#endif
  od
}
#if COPIES
active proctype Copies() {
  byte e;
  do :: atomic { copies > 0 && (sent[0] || sent[1] || sent[2] || sent[3] || sent[4]) ->
          if :: sent[0] -> e = 0 :: sent[1] -> e = 1 :: sent[2] -> e = 2 :: sent[3] -> e = 3 :: sent[4] -> e = 4 fi;
          d_step { sent[e] = sent[e] + 1; copies--; e = 0 } } od
}
#endif

/* ---- losses and recovery ---- */

#if LOSSES
inline rewind() { acked[0] = 0; acked[1] = 0; acked[2] = 0; acked[3] = 0; acked[4] = 0 }
#define SETTLED (sent[0] == acked[0] && sent[1] == acked[1] && sent[2] == acked[2] && sent[3] == acked[3] && sent[4] == acked[4] && !journal)
#define DIES if :: atomic { breaks > 0 -> breaks--; goto begin } :: skip fi
#define MAX(a, b) ((a) > (b) -> (a) : (b))
#ifdef M_REUSES                 /* mutant: one above what both stores have now, though the ledger may have lost a raise */
#define USED(g) 0
#else
#define USED(g) BIT(drawn, g)
#endif
/* A number above both that no recovery has had before; LEAPS: not always the lowest, as clocks differ. */
#ifdef LEAPS
#define LEAP if :: leap = 0 :: leap = 1 fi
#else
#define LEAP leap = 0
#endif
inline draw(n) {
  n = MAX(G, rgen) + 1;
  do :: USED(n) || leap -> if :: USED(n) -> skip :: else -> leap = 0 fi; n = n + 1 :: else -> break od;
  drawn = drawn | (1 << n)
}
active proctype Recover() {      /* reconciler/recover.c */
  byte g; byte o; byte s; byte v;
begin:
  atomic { lost || !open -> open = 0; g = 0; o = 0; s = 0; v = 0 };
#ifdef M_REWINDS_FIRST          /* mutant: acked goes back in a transaction before the one that raises G */
  d_step { rewind() };
#endif
#ifdef M_NO_RAISED              /* mutant: the generation stays */
  d_step { rewind(); lost = 0; g = G };
#else
  atomic { LEAP; d_step { draw(g); G = g; lost = 0;
#if !defined(M_NO_REWIND) && !defined(M_REWINDS_FIRST) && !defined(SWEEP)   /* M_NO_REWIND: mutant: acked stays */
     rewind()
#else
     skip
#endif
  } };
#endif
  DIES;
  d_step { rgen = MAX(rgen, g) };
  DIES;
#ifdef SWEEP                    /* reconciler/sweep.c instead of the replay: every row of the ledger is told to Redis */
  o = 0;
  do
  :: o < 3 -> d_step { s = row[o]; v = rowv[o] };
     d_step { if :: g == rgen && !lost -> adopt(o, s, v); if :: IS_CREATED(o) -> due = due | (8 << o) :: else fi :: else fi; o = o + 1; s = 0; v = 0 };
     DIES
  :: else -> o = 0; break
  od;
#endif
#ifdef M_OPENS_EARLY            /* no mutant: safe, but buyers may see a shortage */
  d_step { if :: !lost && rgen == g -> open = 1; knows = rgen :: else fi };
  goto begin;
#else
  if
  :: atomic { lost || rgen != g || G != g -> goto begin }
  :: d_step { SETTLED && !lost && rgen == g && G == g -> open = 1; knows = rgen };
     goto begin
  fi
#endif
}
#endif
#if REDIS_BACK
active proctype RedisBack() {
  short t; byte a0; byte a1; byte a2; byte b0; byte b1; byte b2; byte c0; byte c1; byte c2; byte u0; byte u1; byte j; byte l; byte d; byte g;
  d_step { t = stock; a0 = rec[0]; a1 = rec[1]; a2 = rec[2]; b0 = ver[0]; b1 = ver[1]; b2 = ver[2]; c0 = at[0]; c1 = at[1]; c2 = at[2];
     u0 = users[0]; u1 = users[1]; j = journal; l = last; d = due; g = rgen };
  d_step { stock = t; rec[0] = a0; rec[1] = a1; rec[2] = a2; ver[0] = b0; ver[1] = b1; ver[2] = b2; at[0] = c0; at[1] = c1; at[2] = c2;
     users[0] = u0; users[1] = u1; journal = j; last = l; due = d; rgen = g; lost = 1;
     t = 0; a0 = 0; a1 = 0; a2 = 0; b0 = 0; b1 = 0; b2 = 0; c0 = 0; c1 = 0; c2 = 0; u0 = 0; u1 = 0; j = 0; l = 0; d = 0; g = 0 }
}
#endif
#if LEDGER_BACK
active proctype LedgerBack() {
  short t; byte a0; byte a1; byte a2; byte b0; byte b1; byte b2; byte v[ENTRIES]; byte k[ENTRIES]; byte p; byte g; bool f; byte i;
  d_step { t = avail; a0 = row[0]; a1 = row[1]; a2 = row[2]; b0 = rowv[0]; b1 = rowv[1]; b2 = rowv[2]; p = parked; g = G; f = refund; i = 0;
     do :: i < ENTRIES -> v[i] = verdict[i]; k[i] = acked[i]; i++ :: else -> break od; i = 0 };
  d_step { avail = t; row[0] = a0; row[1] = a1; row[2] = a2; rowv[0] = b0; rowv[1] = b1; rowv[2] = b2; parked = p; G = g; refund = f; lost = 1; i = 0;
     do :: i < ENTRIES -> verdict[i] = v[i]; acked[i] = k[i]; v[i] = 0; k[i] = 0; i++ :: else -> break od; i = 0;
     t = 0; a0 = 0; a1 = 0; a2 = 0; b0 = 0; b1 = 0; b2 = 0; p = 0; g = 0; f = 0 }
}
#endif

/* ---- what must hold ---- */

#define TRUTH(o) (!((IS_CREATED(o) || rec[o] >= PAID) && !EXISTS(row[o])) && !(rec[o] == FAILED && row[o] != FAILED))
active proctype Always() {
  if
  EVER(P_REDIS_UNITS, stock + HOLDS(rec[0]) + HOLDS(rec[1]) + HOLDS(rec[2]) == UNITS)
  EVER(P_REDIS_USERS, users[0] == HELD(0) && users[1] == HELD(1))
  EVER(P_LEDGER_UNITS, avail >= 0 && avail + HOLDS(row[0]) + HOLDS(row[1]) + HOLDS(row[2]) == UNITS)
  EVER(P_ONE_WINNER, !(verdict[PAY] == CLEAN && verdict[EXP] == CLEAN))
#if LEDGER_BACK == 0
  EVER(P_TRUE, TRUTH(0) && TRUTH(1) && TRUTH(2))
#endif
#if LOSSES == 0
  EVER(P_LEDGER_LIMIT, ROWS_OF_0 <= LIMIT)
  EVER(P_NO_REFUND, !refund)
  EVER(P_NOT_BELOW, stock >= 0)
  EVER(P_NO_PARKING, !parked)
#endif
#ifdef REACH
  EVER(P_REACHED, !(REACH))
#endif
  fi
}
/* Redis may have forgotten an order that failed; so may the ledger */
#define TOLD_ALIKE(o) (row[o] == rec[o] || rec[o] == A && IS_CREATED(o) && row[o] == CREATED || \
    REDIS_BACK && rec[o] == NONE && row[o] == FAILED || LEDGER_BACK && rec[o] == FAILED && row[o] == NONE)
#define FALLS_DUE(o) (!IS_CREATED(o) || BIT(due, 0) && HAS(0, o) || BIT(due, 1) && HAS(1, o) || BIT(due, 2) && HAS(2, o) || BIT(due, 3 + o))
active proctype AtTheEnd() {
  timeout ->
  d_step {
    MUST(P_DRAINED, !journal && !parked);
    MUST(P_OPENED, open && !lost);
    MUST(P_SAME, TOLD_ALIKE(0) && TOLD_ALIKE(1) && TOLD_ALIKE(2));
    MUST(P_EQUAL, stock == avail && stock >= 0);
    MUST(P_EXPIRES, FALLS_DUE(0) && FALLS_DUE(1) && FALLS_DUE(2));
    MUST(P_MONEY, !charged || row[0] == PAID || refund || LOSSES && !sent[PAY]); /* a loss may forget an unsent payment */
  }
}
