/* The states of one order of one unit: reserve, two payments, cancel, expire and return race in Redis; their
 * entries reach the ledger in any order, copied; a Redis that fell back forgets some of them.
 *
 * Settling, the fence and recovery step by step are sale.pml's; here a recovery is one step. */
#ifndef BACK
#define BACK 0          /* 1: Redis falls back, once; its buyer then repeats payment 1 */
#endif
#ifndef COPIES
#define COPIES 0
#endif
#ifndef SECOND
#define SECOND 1        /* 0: without payment 2 */
#endif
#ifndef CANCELS
#define CANCELS 1       /* 0: without a cancel */
#endif
#ifndef EXPIRES
#define EXPIRES 0       /* 1: with an expiry */
#endif
#ifndef RETURNS
#define RETURNS 0       /* 1: with a return */
#endif
#define NONE 0
#define A 1
#define CREATED 2
#define FAILED 3
#define PAID 4
#define CANCELLING 5
#define CANCELLED 6
#define EXPIRING 7
#define EXPIRED 8
#define RETURNING 9
#define RETURNED 10
#define HOLDS(s) ((s) == A || (s) == CREATED || (s) == PAID || (s) == CANCELLING || (s) == EXPIRING || (s) == RETURNING)
#define CLEAN 1
#define MIXED 2
#define FENCED 3
/* entries; AGAIN is payment 1's repeat */
#define RES 0
#define PAY1 1
#define PAY2 2
#define AGAIN 3
#define CAN 4
#define EXP 5
#define RET 6
#define ENTRIES 7
#define IS_PAY(e)   ((e) >= PAY1 && (e) <= AGAIN)
#define PAYMENT(e)  ((e) == AGAIN -> 1 : (e))
#define BIT(set, i) (((set) >> (i)) & 1)

#define P_REDIS_UNITS 1     /* always: stock and hold are 1 */
#define P_LEDGER_UNITS 2    /* always: so in the ledger */
#define P_ONE_WINNER 3      /* at most one of payment, cancel and expiry is applied */
#define P_NOT_BOTH 4        /* no payment both pays the order and is refunded */
#define P_KEPT 5            /* no loss: who was told PAID has paid */
#define P_DRAINED 6         /* at the end: nothing open, nothing parked */
#define P_SAME 7            /* at the end: state and version are the ledger's */
#define P_MONEY 8           /* at the end: a payment that was taken has paid or is refunded */
#define P_REACHED 9         /* asked with -DREACH only: must break */

short stock = 1; byte rec; byte ver; byte paid; byte late; byte journal; bool rgen;
short avail = 1; byte row; byte rowv; byte payer; byte refunds; byte parked; byte verdict[ENTRIES]; byte acked[ENTRIES]; bool G;
byte from[ENTRIES]; byte body; byte sent[ENTRIES]; byte born; byte taken; byte copies = COPIES; bool back; byte broken;
byte promised;              /* the payment that was answered PAID */
byte wins;                  /* transitions out of CREATED that the ledger applied */

#define QUEUED     (rec == A && BIT(journal, RES))
#define IS_CREATED (rec == CREATED || rec == A && !BIT(journal, RES))
#define WAITS(e)   (sent[e] > acked[e])
#define DUTY(e)    (BIT(journal, e) && (e == RES || verdict[e] || sent[e] == acked[e]))
#define CASES(c)   if :: c(0) -> e = 0 :: c(1) -> e = 1 :: c(2) -> e = 2 :: c(3) -> e = 3 :: c(4) -> e = 4 :: c(5) -> e = 5 :: c(6) -> e = 6 fi
#define MUST(p, c) if :: !(c) -> broken = p; assert(broken != p) :: else fi
#define EVER(p, c) :: atomic { !(c) -> broken = p; assert(broken != p) }

inline append(e) { from[e] = ver; body = body | (1 << e); journal = journal | (1 << e); born = (born & (127 - (1 << e))) | (rgen << e) }
inline produce(e) { if :: sent[e] = sent[e] + 1 :: skip fi }

#ifdef M_PAY_QUEUED             /* mutant: what is QUEUED may be paid */
#define MET (rec == NONE)
#else
#define MET (rec == NONE || QUEUED)
#endif
#ifdef M_LATE_FREE              /* turned out not to matter: a late payment takes no version */
#define LATE_STEP 0
#else
#define LATE_STEP 1
#endif
inline pay(e) {                 /* pay.lua */
  d_step {
    if
    :: MET || paid == PAYMENT(e) || late == PAYMENT(e)
    :: else ->
       if
       :: rec == A || rec == CREATED -> append(e); ver = ver + 1; rec = PAID; paid = PAYMENT(e); promised = paid; taken = taken | (1 << PAYMENT(e))
#ifdef M_LATE_SILENT            /* mutant: the ledger is not told of a late payment */
       :: else -> late = PAYMENT(e); taken = taken | (1 << PAYMENT(e))
#else
       :: else -> append(e); ver = ver + LATE_STEP; late = PAYMENT(e); taken = taken | (1 << PAYMENT(e))
#endif
       fi
    fi
  }
}
#ifdef M_RETURN_UNPAID          /* mutant: what is CREATED may be returned */
#define RETURNABLE (rec == PAID || IS_CREATED)
#else
#define RETURNABLE (rec == PAID)
#endif

#ifdef M_ANY_VERSION            /* mutant: adopts also a row that is behind */
#define WINS(v) 1
#else
#define WINS(v) (v >= ver)
#endif
#ifdef M_DROPS_RELEASE          /* mutant: clean entries that give units back are dropped too */
#define DROPS(e, v, g) (v == CLEAN && BIT(born, e) == g && BIT(journal, e))
#else
#define DROPS(e, v, g) (v == CLEAN && e < CAN && BIT(born, e) == g && BIT(journal, e))
#endif
inline settle(e, v, s, w, p, g, ok) {   /* settle.lua */
  d_step {
    if
    :: g != rgen || v == 0 -> ok = 0
    :: else -> ok = 1;
       if
       :: DROPS(e, v, g) -> journal = journal & (127 - (1 << e))
       :: else -> journal = journal & (127 - (1 << e));
            if
            :: s != NONE && WINS(w) -> stock = stock + HOLDS(rec) - HOLDS(s); rec = s; ver = w; paid = p; late = 0
            :: else
            fi
       fi
    fi
  }
}
inline refuse(e, clean) {       /* judge.c, refuse_line */
  clean = 0;
#ifndef M_NO_RAISE              /* mutant: a refused line does not raise the row's version */
  if :: rowv < from[e] + 1 -> rowv = from[e] + 1 :: else fi;
#endif
#ifdef M_REFUNDS_ALL            /* mutant: also the payment that has paid the order */
  if :: IS_PAY(e) -> refunds = refunds | (1 << PAYMENT(e)) :: else fi
#else
  if :: IS_PAY(e) && payer != PAYMENT(e) -> refunds = refunds | (1 << PAYMENT(e)) :: else fi
#endif
}
#ifdef M_NO_VERSION             /* mutant: the state alone decides */
#define EARLY(e) (row == NONE)
#define FITS(e) 1
#elif defined(M_REFUSES_EARLY)  /* mutant: who comes before its predecessor is refused */
#define EARLY(e) (row == NONE)
#define FITS(e) (rowv == from[e])
#else
#define EARLY(e) (row == NONE || rowv < from[e])
#define FITS(e) (rowv == from[e])
#endif
inline move(e, clean) {         /* judge.c, transition_line */
  if
  :: EARLY(e) -> clean = 0; parked = parked | (1 << e)
  :: !EARLY(e) && FITS(e) && row == CREATED && IS_PAY(e) -> row = PAID; rowv = rowv + 1; payer = PAYMENT(e); wins = wins + 1; parked = parked & (127 - (1 << e))
  :: !EARLY(e) && FITS(e) && row == CREATED && e == CAN -> row = CANCELLED; rowv = rowv + 1; avail = avail + 1; wins = wins + 1; parked = parked & (127 - (1 << e))
  :: !EARLY(e) && FITS(e) && row == CREATED && e == EXP -> row = EXPIRED; rowv = rowv + 1; avail = avail + 1; wins = wins + 1; parked = parked & (127 - (1 << e))
  :: !EARLY(e) && FITS(e) && row == PAID && e == RET -> row = RETURNED; rowv = rowv + 1; avail = avail + 1; parked = parked & (127 - (1 << e))
  :: else -> refuse(e, clean); parked = parked & (127 - (1 << e))
  fi
}
inline apply(e, clean) {
  if
  :: verdict[e] != 0
  :: else -> clean = 1;
       if
       :: e == RES && row == NONE && avail >= 1 -> row = CREATED; rowv = 1; avail = avail - 1
       :: e == RES && row == NONE && avail < 1 -> row = FAILED; rowv = 1; clean = 0
       :: e == RES && row != NONE -> clean = 0
       :: e != RES -> move(e, clean)
       fi;
       verdict[e] = (clean -> CLEAN : MIXED); clean = 0
  fi
}
inline read_row(e) { v = verdict[e]; s = row; w = rowv; p = payer; g = G }
inline forget() { e = 0; v = 0; s = 0; w = 0; p = 0; g = 0; ok = 0 }

active proctype Buyer() {
  d_step { stock >= 1 && rec == NONE -> append(RES); from[RES] = 0; stock = stock - 1; rec = A; ver = 1 };
  produce(RES)
}
active proctype Pays1() { if :: pay(PAY1); if :: BIT(body, PAY1) -> produce(PAY1) :: else fi :: skip fi }
#if SECOND
active proctype Pays2() { if :: pay(PAY2); if :: BIT(body, PAY2) -> produce(PAY2) :: else fi :: skip fi }
#endif
#if CANCELS
active proctype Cancels() { if :: d_step { IS_CREATED -> append(CAN); ver = ver + 1; rec = CANCELLING }; produce(CAN) :: skip fi }
#endif
#if EXPIRES
active proctype Expires() { if :: d_step { IS_CREATED -> append(EXP); ver = ver + 1; rec = EXPIRING }; produce(EXP) :: skip fi }
#endif
#if RETURNS
active proctype Returns() { if :: d_step { RETURNABLE -> append(RET); ver = ver + 1; rec = RETURNING }; produce(RET) :: skip fi }
#endif

active proctype Consumer() {
  byte e; byte v; byte s; byte w; byte p; byte to; bool g; bool ok; bool clean;
  do
  :: atomic { CASES(WAITS); d_step { apply(e, clean); read_row(e); to = sent[e] } };
     settle(e, v, s, w, p, g, ok);
     d_step { if :: ok && g == G && to > acked[e] -> acked[e] = to :: else fi; forget(); to = 0 }
#ifndef M_PARKS_FOR_EVER        /* mutant: a parked line is never tried again */
  :: atomic { (parked & 126) && row != NONE && (BIT(parked, 1) && !EARLY(1) || BIT(parked, 2) && !EARLY(2) || BIT(parked, 3) && !EARLY(3) || BIT(parked, 4) && !EARLY(4) || BIT(parked, 5) && !EARLY(5) || BIT(parked, 6) && !EARLY(6)) ->
       if :: BIT(parked, 1) && !EARLY(1) -> e = 1 :: BIT(parked, 2) && !EARLY(2) -> e = 2 :: BIT(parked, 3) && !EARLY(3) -> e = 3
          :: BIT(parked, 4) && !EARLY(4) -> e = 4 :: BIT(parked, 5) && !EARLY(5) -> e = 5 :: BIT(parked, 6) && !EARLY(6) -> e = 6 fi;
       d_step { clean = 1; move(e, clean); clean = 0; read_row(e); v = MIXED } };
     settle(e, v, s, w, p, g, ok);
     d_step { if :: ok && g == G :: else -> parked = parked | (1 << e) fi; forget() }
#endif
  od
}
active proctype Reconciler() {
  byte e; byte v; byte s; byte w; byte p; bool g; bool ok;
  do
  :: atomic { CASES(DUTY) };
     d_step {
       if
       :: e == RES && verdict[RES] == 0 -> verdict[RES] = FENCED; if :: row == NONE -> row = FAILED; rowv = 1 :: else fi
       :: e != RES && verdict[e] == 0 && sent[e] == acked[e] -> sent[e] = sent[e] + 1
       :: else
       fi;
       read_row(e) };
     settle(e, v, s, w, p, g, ok); d_step { forget() }
  od
}
#if COPIES
active proctype Copies() {
  byte e;
  do :: atomic { copies > 0 && (sent[0] || sent[1] || sent[4]) -> if :: sent[0] -> e = 0 :: sent[1] -> e = 1 :: sent[4] -> e = 4 fi; d_step { sent[e] = sent[e] + 1; copies--; e = 0 } } od
}
#endif
#if BACK
active proctype Back() {
  byte a; byte b; byte c; byte d; byte j; short t; byte i;
  d_step { a = rec; b = ver; c = paid; d = late; j = journal; t = stock };
  d_step { rec = a; ver = b; paid = c; late = d; journal = j; stock = t; a = 0; b = 0; c = 0; d = 0; j = 0; t = 0;
     G = 1; rgen = 1; i = 0; do :: i < ENTRIES -> acked[i] = 0; i++ :: else -> i = 0; break od; back = 1 };
  if :: BIT(taken, 1) -> pay(AGAIN); if :: BIT(body, AGAIN) -> produce(AGAIN) :: else fi :: else fi
}
#endif

active proctype Always() {
  if
  EVER(P_REDIS_UNITS, stock + HOLDS(rec) == 1)
  EVER(P_LEDGER_UNITS, avail >= 0 && avail + HOLDS(row) == 1)
  EVER(P_ONE_WINNER, wins <= 1)
  EVER(P_NOT_BOTH, !(payer && BIT(refunds, payer)))
#ifdef REACH
  EVER(P_REACHED, !(REACH))
#endif
  fi
}
#define PAID_OR_BACK(q) (!BIT(taken, q) || payer == q || BIT(refunds, q) || BACK && (!sent[q] || BIT(parked, q)))   /* parked: until its order moves again */
/* parked for good: what it follows was never sent, and Redis forgot it */
#define MAY_WAIT(e) (!BIT(parked, e) || EARLY(e))
active proctype AtTheEnd() {
  timeout ->
  d_step {
    MUST(P_DRAINED, !journal && (BACK || !parked) && MAY_WAIT(1) && MAY_WAIT(2) && MAY_WAIT(3) && MAY_WAIT(4) && MAY_WAIT(5) && MAY_WAIT(6));
    MUST(P_SAME, row == rec && rowv == ver || rec == A && row == CREATED && rowv == ver || BACK && rec == NONE && (row == FAILED || row == NONE));
    MUST(P_MONEY, PAID_OR_BACK(1) && PAID_OR_BACK(2));
#if BACK == 0
    MUST(P_KEPT, promised == payer);
#endif
    MUST(P_LEDGER_UNITS, stock == avail)
  }
}
