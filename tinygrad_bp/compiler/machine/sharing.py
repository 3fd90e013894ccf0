"""How parts of a kernel come to threads: the text of it, for LLVM.

A job is a function, its arguments and a number of parts. All threads take parts from one *ticket*,
a word that holds the job's number, the first part that nobody has taken and the end of those: the
caller takes from the front, workers from the back, so that in loop after loop the same rows stay
in the same core's cache. A part is taken by exchanging the ticket against the next, which fails if
the job is another one by now: so a worker that was put to sleep in between does no harm, and while
a part is left, what describes the job does not change.

A thread that is woken begins on the core of the one that woke it, and Linux leaves both there for
milliseconds, while other cores idle. So a worker that finds itself on the caller's core steps
aside: it gives that core up, and at once takes it back into the set of those that it may run on.

The text is LLVM's, but for three things that are written out in the end (`_text`): ``slot``, the
place of a word of the pool, ``word``, what it holds, and ``ticket``.

`begin` takes the pool for an entry, and sets BLAS to one thread meanwhile; where another thread has
it, or BLAS was told to use one thread, it returns 0, and everything is done by the caller.
"""

from __future__ import annotations

import platform
import re

__all__ = ["SIZE", "SLOTS", "calling", "working"]

#: Words of the pool. What different threads write lies 128 bytes apart, since processors fetch
#: lines of their caches in pairs.
SLOTS = {
    "ticket": 0, "done": 16, "sleepers": 32,
    "function": 48, "arguments": 49, "extent": 50, "parts": 51,
    "lock": 64, "before": 65, "allowed": 66, "workers": 67, "stop": 68, "core": 69,
    "get_threads": 80, "set_threads": 81, "post": 82, "wait": 83, "give_way": 84, "clock": 85,
    "where": 86, "get_mask": 87, "set_mask": 88,
    "semaphore": 96,
}  # fmt: skip
SIZE = 112

#: Nanoseconds for which a worker looks out for the next job before it sleeps: longer than what is
#: between two steps, since a thread that is woken may take as long as a whole step to come.
PATIENCE = 1_000_000

_PART = """
define internal void @run_part(ptr %pool, i64 %part) nounwind {
  %f = word ptr function
  %a = word ptr arguments
  %n = word i64 extent
  %m = word i64 parts
  call void @one_part(ptr %f, ptr %a, i64 %n, i64 %m, i64 %part)
  ret void
}

define internal void @one_part(ptr %f, ptr %a, i64 %n, i64 %m, i64 %part) alwaysinline nounwind {
  %up = add i64 %n, %m
  %up1 = sub i64 %up, 1
  %even = udiv i64 %up1, %m
  %long = icmp uge i64 %even, 64
  %round = add i64 %even, 15
  %whole = and i64 %round, -16
  %size = select i1 %long, i64 %whole, i64 %even
  %from = mul i64 %part, %size
  %lo = call i64 @llvm.umin.i64(i64 %from, i64 %n)
  %to = add i64 %from, %size
  %hi = call i64 @llvm.umin.i64(i64 %to, i64 %n)
  call void %f(ptr %a, i64 %part, i64 %lo, i64 %hi)
  ret void
}

declare i64 @llvm.umin.i64(i64, i64)
PAUSE_DECLARED
"""

_CALLING = """
define internal i64 @begin(i64 %address) noinline nounwind {
  %none = icmp eq i64 %address, 0
  br i1 %none, label %alone, label %try
try:
  %pool = inttoptr i64 %address to ptr
  %workers = word i64 workers
  %some = icmp sgt i64 %workers, 0
  br i1 %some, label %ask, label %alone
ask:
  %at.lock = slot lock
  %pair = cmpxchg ptr %at.lock, i64 0, i64 1 acquire monotonic
  %mine = extractvalue { i64, i1 } %pair, 1
  br i1 %mine, label %taken, label %alone
taken:
  %get = word ptr get_threads
  %n32 = call i32 %get()
  %n = sext i32 %n32 to i64
  %many = icmp sgt i64 %n, 1
  br i1 %many, label %go, label %back
back:
  store atomic i64 0, ptr %at.lock release, align 8
  br label %alone
go:
  %others = sub i64 %n, 1
  %few = icmp slt i64 %others, %workers
  %allowed = select i1 %few, i64 %others, i64 %workers
  %at.allowed = slot allowed
  store i64 %allowed, ptr %at.allowed
  %at.before = slot before
  store i64 %n, ptr %at.before
  %set = word ptr set_threads
  call void %set(i32 1)
  %where = word ptr where
  %core = call i32 %where()
  %core64 = sext i32 %core to i64
  %at.core = slot core
  store atomic i64 %core64, ptr %at.core monotonic, align 8
  call void @wake(ptr %pool)
  ret i64 %address
alone:
  ret i64 0
}

define internal void @end(i64 %address) noinline nounwind {
  %none = icmp eq i64 %address, 0
  br i1 %none, label %over, label %give
give:
  %pool = inttoptr i64 %address to ptr
  %at.before = slot before
  %n = load i64, ptr %at.before
  %n32 = trunc i64 %n to i32
  %set = word ptr set_threads
  call void %set(i32 %n32)
  store i64 0, ptr %at.before
  %at.lock = slot lock
  store atomic i64 0, ptr %at.lock release, align 8
  br label %over
over:
  ret void
}

define internal void @wake(ptr %pool) nounwind {
entry:
  %at.s = slot sleepers
  %seen = load atomic i64, ptr %at.s seq_cst, align 8
  %any = icmp sgt i64 %seen, 0
  br i1 %any, label %count, label %over
count:
  %s = atomicrmw xchg ptr %at.s, i64 0 seq_cst
  %post = word ptr post
  %sem = slot semaphore
  br label %more
more:
  %left = phi i64 [ %s, %count ], [ %less, %one ]
  %yes = icmp sgt i64 %left, 0
  br i1 %yes, label %one, label %over
one:
  %ignored = call i32 %post(ptr %sem)
  %less = sub i64 %left, 1
  br label %more
over:
  ret void
}

define internal void @share(i64 %address, ptr %f, ptr %a, i64 %n, i64 %wanted) noinline nounwind {
entry:
  %none = icmp eq i64 %address, 0
  br i1 %none, label %alone, label %together
alone:
  %all = call i64 @llvm.smax.i64(i64 %wanted, i64 1)
  br label %alone.more
alone.more:
  %i = phi i64 [ 0, %alone ], [ %i1, %alone.more ]
  call void @one_part(ptr %f, ptr %a, i64 %n, i64 %all, i64 %i)
  %i1 = add i64 %i, 1
  %again = icmp ult i64 %i1, %all
  br i1 %again, label %alone.more, label %over
together:
  %pool = inttoptr i64 %address to ptr
  %allowed = word i64 allowed
  %threads = add i64 %allowed, 1
  %most = sub i64 0, %wanted
  %enough = call i64 @llvm.umin.i64(i64 %threads, i64 %most)
  %any = icmp slt i64 %wanted, 0
  %m = select i1 %any, i64 %enough, i64 %wanted
  %at.f = slot function
  store ptr %f, ptr %at.f
  %at.a = slot arguments
  store ptr %a, ptr %at.a
  %at.n = slot extent
  store i64 %n, ptr %at.n
  %at.m = slot parts
  store i64 %m, ptr %at.m
  %at.done = slot done
  store i64 0, ptr %at.done
  %at.t = slot ticket
  %old = load i64, ptr %at.t
  %number = lshr i64 %old, 32
  %next = add i64 %number, 1
  %high = shl i64 %next, 32
  %new = or i64 %high, %m
  store atomic i64 %new, ptr %at.t seq_cst, align 8
  call void @wake(ptr %pool)
  br label %look
look:
  %mine = phi i64 [ 0, %together ], [ %mine, %take ], [ %mine1, %run ]
  %t = ticket acquire
  br i1 %t.left, label %take, label %await
take:
  %t1 = add i64 %t, 65536
  %pair = cmpxchg ptr %at.t, i64 %t, i64 %t1 acq_rel monotonic
  %got = extractvalue { i64, i1 } %pair, 1
  br i1 %got, label %run, label %look
run:
  call void @one_part(ptr %f, ptr %a, i64 %n, i64 %m, i64 %t.lo)
  %mine1 = add i64 %mine, 1
  br label %look
await:
  %theirs = sub i64 %m, %mine
  br label %spin
spin:
  %turn = phi i64 [ 0, %await ], [ %turn1, %pause ], [ %turn, %yield ]
  %d = load atomic i64, ptr %at.done acquire, align 8
  %ready = icmp eq i64 %d, %theirs
  br i1 %ready, label %over, label %still
still:
  %long = icmp ugt i64 %turn, 1000
  br i1 %long, label %yield, label %pause
pause:
  PAUSE
  %turn1 = add i64 %turn, 1
  br label %spin
yield:
  %y = word ptr give_way
  %ignored = call i32 %y()
  br label %spin
over:
  ret void
}

declare i64 @llvm.smax.i64(i64, i64)
"""

_WORKING = """
define internal i64 @now(ptr %pool, ptr %time) nounwind {
  %clock = word ptr clock
  %ignored = call i32 %clock(i32 MONOTONIC, ptr %time)
  %s = load i64, ptr %time
  %at.n = getelementptr i64, ptr %time, i64 1
  %n = load i64, ptr %at.n
  %ns = mul i64 %s, 1000000000
  %t = add i64 %ns, %n
  ret i64 %t
}

define internal void @step_aside(ptr %pool) nounwind {
entry:
  %mask = alloca [16 x i64]
  %at.lock = slot lock
  %running = load atomic i64, ptr %at.lock monotonic, align 8
  %some = icmp ne i64 %running, 0
  br i1 %some, label %ask, label %over
ask:
  %where = word ptr where
  %here32 = call i32 %where()
  %here = sext i32 %here32 to i64
  %at.core = slot core
  %core = load atomic i64, ptr %at.core monotonic, align 8
  %same = icmp eq i64 %here, %core
  %known = icmp ult i64 %here, 1024
  %both = and i1 %same, %known
  br i1 %both, label %move, label %over
move:
  call void @llvm.memset.p0.i64(ptr %mask, i8 0, i64 128, i1 false)
  %get = word ptr get_mask
  %ignored1 = call i32 %get(i32 0, i64 128, ptr %mask)
  %number = lshr i64 %here, 6
  %at.word = getelementptr i64, ptr %mask, i64 %number
  %word = load i64, ptr %at.word
  %low = and i64 %here, 63
  %bit = shl i64 1, %low
  %others = xor i64 %bit, -1
  %without = and i64 %word, %others
  store i64 %without, ptr %at.word
  %set = word ptr set_mask
  %ignored2 = call i32 %set(i32 0, i64 128, ptr %mask)
  store i64 %word, ptr %at.word
  %ignored3 = call i32 %set(i32 0, i64 128, ptr %mask)
  br label %over
over:
  ret void
}

declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

define i64 @work(ptr %pool, i64 %index) nounwind {
entry:
  %time = alloca [2 x i64]
  %at.t = slot ticket
  %at.done = slot done
  %at.stop = slot stop
  %at.allowed = slot allowed
  %at.s = slot sleepers
  %sem = slot semaphore
  br label %awake
awake:
  %since = call i64 @now(ptr %pool, ptr %time)
  br label %look
look:
  %turn = phi i64 [ 0, %awake ], [ %turn1, %pause ], [ %turn, %take ]
  %t = ticket acquire
  br i1 %t.left, label %may, label %idle
may:
  %allowed = load atomic i64, ptr %at.allowed monotonic, align 8
  %yes = icmp slt i64 %index, %allowed
  br i1 %yes, label %take, label %idle
take:
  %t1 = sub i64 %t, 1
  %pair = cmpxchg ptr %at.t, i64 %t, i64 %t1 acq_rel monotonic
  %got = extractvalue { i64, i1 } %pair, 1
  br i1 %got, label %run, label %look
run:
  %part = sub i64 %t.hi, 1
  call void @run_part(ptr %pool, i64 %part)
  %old = atomicrmw add ptr %at.done, i64 1 release
  br label %awake
idle:
  %low = and i64 %turn, 63
  %ask = icmp eq i64 %low, 63
  br i1 %ask, label %check, label %pause
pause:
  PAUSE
  %turn1 = add i64 %turn, 1
  br label %look
check:
  %stop = load atomic i64, ptr %at.stop acquire, align 8
  %halt = icmp ne i64 %stop, 0
  br i1 %halt, label %over, label %late
late:
  call void @step_aside(ptr %pool)
  %t.now = call i64 @now(ptr %pool, ptr %time)
  %passed = sub i64 %t.now, %since
  %bored = icmp sgt i64 %passed, PATIENCE
  br i1 %bored, label %sleep, label %pause
sleep:
  %s = atomicrmw add ptr %at.s, i64 1 seq_cst
  %u = ticket seq_cst
  br i1 %u.left, label %awake, label %rest
rest:
  %wait = word ptr wait
  %ignored = call i32 %wait(ptr %sem)
  call void @step_aside(ptr %pool)
  br label %awake
over:
  ret i64 0
}
"""


def _pause() -> tuple[str, str]:
    """Return the declaration and the call by which a waiting thread leaves the core to others."""
    machine = platform.machine().lower()
    if machine in ("x86_64", "amd64", "i686"):
        return "declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"
    if machine in ("arm64", "aarch64"):
        return "declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"
    return "", "fence acquire"


#: ``%t = ticket order``: read the ticket, and which parts nobody has taken.
_TICKET = r"""  %\1 = load atomic i64, ptr %at.t \2, align 8
  %\1.first = lshr i64 %\1, 16
  %\1.lo = and i64 %\1.first, 65535
  %\1.hi = and i64 %\1, 65535
  %\1.left = icmp ult i64 %\1.lo, %\1.hi"""

#: ``%x = word type name``: read a word of the pool.
_WORD = r"""  %at.of.\1 = slot \3
  %\1 = load \2, ptr %at.of.\1"""


def _text(parts: str) -> str:
    declared, pause = _pause()
    parts = re.sub(r"  %(\w) = ticket (\w+)", _TICKET, parts)
    text = parts.replace("PAUSE_DECLARED", declared).replace("PAUSE", pause)
    text = text.replace("PATIENCE", str(PATIENCE))
    text = text.replace("MONOTONIC", "6" if platform.system() == "Darwin" else "1")
    text = re.sub(r"  %([\w.]+) = word (\w+) (\w+)", _WORD, text)
    return re.sub(
        r"= slot (\w+)", lambda m: f"= getelementptr i64, ptr %pool, i64 {SLOTS[m[1]]}", text
    )


def calling() -> str:
    """Return the text of ``begin``, ``share`` and ``end``, which a step calls."""
    return _text(_PART + _CALLING)


def working() -> str:
    """Return the text of ``work(pool, index)``, in which a worker stays until it is stopped."""
    return _text(_PART + _WORKING)
