/* Units that come and go beside the sale: restocks (ledger first, numbered), takes (Redis first, numbered by the
 * consumer), one order between them; a Redis that falls back, or is emptied and loaded at the ledger's number.
 *
 * The SKU begins with inflow 1: one unit. Number n has quantity much[n], and, of a take, its entry by[n]. */
#ifndef BACK
#define BACK 0          /* 1: Redis falls back, once, to any earlier state */
#endif
#ifndef EMPTIED
#define EMPTIED 0       /* 1: Redis is emptied, once */
#endif
#ifndef RESTOCKS
#define RESTOCKS 1
#endif
#ifndef TAKES
#define TAKES 1         /* 2: the operator asks again with the same reference */
#endif
#ifndef PUSHERS
#define PUSHERS 1       /* who bring inflows to Redis: flash-admin, the reconciler's repair */
#endif
#define CLEAN 1
#define MIXED 2
#define FENCED 3
#define RES 0           /* entries: an order of one unit; takes of one unit, of one reference */
#define TAKE1 1
#define TAKE2 2
#define ENTRIES 3
#define MOST 5          /* numbers */
#define BIT(set, i) (((set) >> (i)) & 1)

#define P_REDIS_UNITS 1     /* always: stock and hold are the base */
#define P_REDIS_BASE 2      /* always: base and open takes are the inflows up to Redis' number */
#define P_LEDGER_UNITS 3    /* always: stock and hold are the base, the base is the sum of all inflows */
#define P_ONCE 4            /* a reference counts once in the ledger */
#define P_NO_SHORTAGE 5     /* no loss: the ledger never lacks what Redis gave */
#define P_DRAINED 6         /* at the end: no entry and no take is open */
#define P_EQUAL 7           /* at the end: stock, base and number are the ledger's, the order too */
#define P_REACHED 8         /* asked with -DREACH only: must break */

short stock = 1; short base = 1; byte number = 1; byte take; byte rec; byte journal; byte rgen;   /* take: the entry that holds the reference, 0: none */
short avail = 1; short lbase = 1; byte version = 1; byte row; byte verdict[ENTRIES]; byte acked[ENTRIES]; byte G;
short much[MOST]; byte by[MOST];
byte sent[ENTRIES]; byte made; byte born[ENTRIES]; bool open = 1; bool short_of; byte broken;
bool hurt;                  /* Redis has lost something, and its recovery is not through */

#define HOLDS(s) ((s) == 1)     /* of rec and row: 1 taken, 2 failed */
#define SUM(n) ((n >= 1) + (n >= 2 -> much[2] : 0) + (n >= 3 -> much[3] : 0) + (n >= 4 -> much[4] : 0))
#define REF_KNOWN (by[2] || by[3] || by[4])
#define WAITS(e) (sent[e] > acked[e])
#define CASES(c) if :: c(0) -> e = 0 :: c(1) -> e = 1 :: c(2) -> e = 2 fi
#define DUTY(e)  BIT(journal, e)
#define MUST(p, c) if :: !(c) -> broken = p; assert(broken != p) :: else fi
#define EVER(p, c) :: atomic { !(c) -> broken = p; assert(broken != p) }

inline append(e) { journal = journal | (1 << e); made = made | (1 << e); born[e] = rgen }
inline produce(e) { if :: sent[e] = sent[e] + 1 :: skip fi }

/* ---- Redis first: an order, takes ---- */

active proctype Buyer() {
  if :: d_step { open && stock >= 1 && rec == 0 -> stock = stock - 1; rec = 1; append(RES) }; produce(RES) :: skip fi
}
active [TAKES] proctype Operator() {    /* take.lua; the second asks under the same reference */
  byte e;
  if
  :: d_step { open && stock >= 1 && take == 0 && !(made & 6) -> e = TAKE1; stock = stock - 1; base = base - 1; take = e; append(e) }; produce(e)
#if TAKES > 1
  :: d_step { open && stock >= 1 && take == 0 && BIT(made, TAKE1) && !BIT(made, TAKE2) -> e = TAKE2; stock = stock - 1; base = base - 1; take = e; append(e) }; produce(e)
#endif
  :: skip
  fi
}

/* ---- the ledger ---- */

inline number_it(q, e) { version = version + 1; much[version] = q; by[version] = e; lbase = lbase + q; avail = avail + q }
#ifdef M_REF_TWICE              /* mutant: a reference the ledger knows is taken again */
#define FREE_REF 1
#else
#define FREE_REF (!REF_KNOWN)
#endif
inline apply(e) {               /* judge.c */
  if
  :: verdict[e] != 0
  :: else ->
       if
       :: e == RES && row == 0 && avail >= 1 -> row = 1; avail = avail - 1; verdict[e] = CLEAN
       :: e == RES && row == 0 && avail < 1 -> row = 2; short_of = 1; verdict[e] = MIXED
       :: e == RES && row != 0 -> verdict[e] = MIXED
       :: e != RES && FREE_REF && avail >= 1 -> number_it(-1, e); verdict[e] = CLEAN
       :: e != RES && FREE_REF && avail < 1 -> short_of = 1; verdict[e] = MIXED
       :: e != RES && !(FREE_REF) -> verdict[e] = MIXED
       fi
  fi
}
/* settle.lua. What a refused or fenced take had taken comes back, if the field of takes is still this entry's. */
#ifdef M_GIVES_TWICE            /* mutant: without a look at the field */
#define STILL(e) 1
#else
#define STILL(e) (take == e)
#endif
inline settle(e, v, s, g, ok) {
  d_step {
    if
    :: g != rgen || v == 0 -> ok = 0
    :: else -> ok = 1;
       if
       :: v == CLEAN && born[e] == g && BIT(journal, e)
       :: else ->
            if
            :: e == RES && s -> stock = stock + HOLDS(rec) - HOLDS(s); rec = s
#ifdef M_KEEPS_REFUSED          /* mutant: a refused take keeps its units */
            :: else
#else
            :: e != RES && v != CLEAN && STILL(e) -> stock = stock + 1; base = base + 1; take = 0
            :: else
#endif
            fi
       fi;
       journal = journal & (7 - (1 << e))
    fi
  }
}
active proctype Consumer() {
  byte e; byte v; byte s; byte g; byte to; bool ok;
  do
  :: atomic { CASES(WAITS); d_step { apply(e); v = verdict[e]; s = row; g = G; to = sent[e] } };
     settle(e, v, s, g, ok);
     d_step { if :: ok && g == G && to > acked[e] -> acked[e] = to :: else fi; e = 0; v = 0; s = 0; g = 0; to = 0; ok = 0 }
  od
}
active proctype Reconciler() {  /* a fenced take has a verdict and no row */
  byte e; byte v; byte s; byte g; bool ok;
  do
  :: atomic { CASES(DUTY) };
     d_step { if :: verdict[e] == 0 -> verdict[e] = FENCED; if :: e == RES && row == 0 -> row = 2 :: else fi :: else fi; v = verdict[e]; s = row; g = G };
     settle(e, v, s, g, ok); d_step { e = 0; v = 0; s = 0; g = 0; ok = 0 }
  od
}

/* ---- inflows ---- */

#ifdef M_REDIS_FIRST            /* mutant: a restock's units come to Redis before the ledger has them */
active [RESTOCKS] proctype Restock() {
  d_step { open && number == version -> stock = stock + 1; base = base + 1; number = number + 1 };
  d_step { number_it(1, 0) }
}
#else
active [RESTOCKS] proctype Restock() { d_step { number_it(1, 0) } }
#endif
/* inflow.lua */
#ifdef M_ANY_NUMBER             /* mutant: a number that is not the next is applied too */
#define NEXT(n) (n > number)
#elif defined(M_NUMBER_AGAIN)   /* mutant: one that was applied, again */
#define NEXT(n) (n <= number + 1)
#else
#define NEXT(n) (n == number + 1)
#endif
active [PUSHERS] proctype Push() {
  byte n; short q; byte e; byte g;
  do
#if defined(M_ANY_NUMBER)
  :: d_step { version > number -> n = version; q = much[n]; e = by[n]; g = G };
#else
  :: d_step { version > number -> n = number + 1; q = much[n]; e = by[n]; g = G };
#endif
     d_step {
       if
       :: g == rgen && NEXT(n) ->
            if
#ifndef M_MOVES_TAKEN           /* mutant: units that Redis took already are moved again */
            :: e != 0 && take == e ->
#ifndef M_KEEPS_FIELD           /* mutant: the field of takes stays */
                 take = 0
#else
                 skip
#endif
#endif
            :: else -> stock = stock + q; base = base + q
            fi;
            number = n
       :: else
       fi; n = 0; q = 0; e = 0; g = 0 }
  od
}

/* ---- losses ---- */

#define QUIET (sent[0] == acked[0] && sent[1] == acked[1] && sent[2] == acked[2] && !journal)
inline recovered() {            /* sale.pml has its steps one by one */
  G = G + 1; rgen = G; acked[0] = 0; acked[1] = 0; acked[2] = 0; hurt = 1; open = 0
}
#if BACK
active proctype Back() {
  short t; short b; byte n; byte k; byte r; byte j;
  d_step { t = stock; b = base; n = number; k = take; r = rec; j = journal };
  d_step { stock = t; base = b; number = n; take = k; rec = r; journal = j; t = 0; b = 0; n = 0; k = 0; r = 0; j = 0; recovered() };
  d_step { QUIET -> open = 1 }
}
#endif
#if EMPTIED
active proctype Emptied() {
  d_step {
#ifdef M_LOADS_BEHIND           /* mutant: loaded with the base of all inflows, at a number before them */
    stock = lbase; base = lbase; number = 1;
#else
    stock = lbase; base = lbase; number = version;
#endif
    take = 0; rec = 0; journal = 0; recovered() };
  d_step { QUIET -> open = 1 }
}
#endif

active proctype Always() {
  if
  EVER(P_REDIS_UNITS, stock + HOLDS(rec) == base)
  EVER(P_REDIS_BASE, base + (take != 0) == SUM(number))
  EVER(P_LEDGER_UNITS, avail >= 0 && avail + HOLDS(row) == lbase && lbase == SUM(version))
  EVER(P_ONCE, (by[2] != 0) + (by[3] != 0) + (by[4] != 0) <= 1)
#if BACK + EMPTIED == 0
  EVER(P_NO_SHORTAGE, !short_of)
#endif
#ifdef REACH
  EVER(P_REACHED, !(REACH))
#endif
  fi
}
active proctype AtTheEnd() {
  timeout ->
  d_step {
    MUST(P_DRAINED, !journal && !take);
    MUST(P_EQUAL, stock == avail && base == lbase && number == version && (rec == row || (BACK + EMPTIED > 0) && rec == 0 && row == 2))
  }
}
