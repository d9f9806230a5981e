/* runner_fault.c -- what a signal in a kernel leaves on the board. */
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "backends/worker/futex.h"
#include "backends/worker/runner.h"
#include "backends/worker/runner_memory.h"

enum { FAULT_STACK = 65536 };

static Board *the_board;
static atomic_flag reported = ATOMIC_FLAG_INIT;

/* Ends the process after `state` and the fault record are on the board. */
static _Noreturn void end_runner(Board *board, BoardState state)
{
    atomic_store(&board->state, (int32_t)state);
    atomic_store(&board->reply, atomic_load(&board->request));
    futex_wake(&board->reply);
    _exit(3);
}

static void read_context(const ucontext_t *u, BoardFault *f)
{
    f->write = -1;
#if defined __x86_64__
    f->ip = (uint64_t)u->uc_mcontext.gregs[REG_RIP];
    f->sp = (uint64_t)u->uc_mcontext.gregs[REG_RSP];
    if (f->signal == SIGSEGV || f->signal == SIGBUS)
        f->write = (u->uc_mcontext.gregs[REG_ERR] >> 1) & 1;
#elif defined __aarch64__
    f->ip = u->uc_mcontext.pc;
    f->sp = u->uc_mcontext.sp;
#else
    (void)u;
#endif
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    if (atomic_flag_test_and_set(&reported))
        for (;;)
            pause(); /* the thread that came first ends the process */
    BoardFault *f = &the_board->fault;
    memset(f, 0, sizeof *f);
    f->signal = signal;
    f->code = info->si_code;
    read_context(context, f);
    /* Of an address that the machine cannot form the kernel does not say which it was. */
    if ((signal == SIGSEGV || signal == SIGBUS) && info->si_code != SI_KERNEL) {
        f->address = (uint64_t)(uintptr_t)info->si_addr;
        memory_explain(f->address, f);
    }
    end_runner(the_board, BOARD_FAULT);
}

_Noreturn void fault_no_memory(int64_t bytes)
{
    if (atomic_flag_test_and_set(&reported))
        for (;;)
            pause();
    memset(&the_board->fault, 0, sizeof the_board->fault);
    the_board->fault.value = bytes;
    end_runner(the_board, BOARD_NO_MEMORY);
}

void fault_stack(void)
{
    void *p = mmap(NULL, FAULT_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return;
    stack_t s = {.ss_sp = p, .ss_size = FAULT_STACK};
    sigaltstack(&s, NULL);
}

void fault_install(Board *board)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    the_board = board;
    sigfillset(&act.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &act, NULL);
    fault_stack();
}
