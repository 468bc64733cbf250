/* SPDX-License-Identifier: MIT */
/*
 * Register work of structured exception handling; see include/nt/seh.h and seh.c.
 *
 * Register slots of a frame: rbx rbp r12 r13 r14 r15 rsp rip at 0..56, Resume at 64.
 */
        .text

/* LONG RtlpSehSetJump(Frame): stores the registers and returns 0; returns the reason when the frame is entered again. */
        .globl  RtlpSehSetJump
        .type   RtlpSehSetJump, @function
        .align  16
RtlpSehSetJump:
        .cfi_startproc
        endbr64
        movq    %rbx, 0(%rdi)
        movq    %rbp, 8(%rdi)
        movq    %r12, 16(%rdi)
        movq    %r13, 24(%rdi)
        movq    %r14, 32(%rdi)
        movq    %r15, 40(%rdi)
        leaq    8(%rsp), %rax
        movq    %rax, 48(%rdi)
        movq    (%rsp), %rax
        movq    %rax, 56(%rdi)
        xorl    %eax, %eax
        ret
        .cfi_endproc
        .size   RtlpSehSetJump, . - RtlpSehSetJump

/* VOID RtlpSehJump(Frame, Why): cuts the stack back to the frame.  Does not return. */
        .globl  RtlpSehJump
        .hidden RtlpSehJump
        .type   RtlpSehJump, @function
        .align  16
RtlpSehJump:
        .cfi_startproc
        endbr64
        movq    0(%rdi), %rbx
        movq    8(%rdi), %rbp
        movq    16(%rdi), %r12
        movq    24(%rdi), %r13
        movq    32(%rdi), %r14
        movq    40(%rdi), %r15
        movq    48(%rdi), %rsp
        movl    %esi, %eax
        cld
        jmp     *56(%rdi)
        .cfi_endproc
        .size   RtlpSehJump, . - RtlpSehJump

/*
 * LONG RtlpSehCall(Frame, Why): enters the frame's function on top of the present stack, as a nested function would be;
 * comes back by RtlpSehReturn with its value.  The gap keeps calls that the function makes clear of ours, should it store
 * their arguments without moving the stack pointer.
 */
        .globl  RtlpSehCall
        .hidden RtlpSehCall
        .type   RtlpSehCall, @function
        .align  16
RtlpSehCall:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, 64(%rdi)
        subq    $1024, %rsp
        andq    $-64, %rsp
        movq    0(%rdi), %rbx
        movq    8(%rdi), %rbp
        movq    16(%rdi), %r12
        movq    24(%rdi), %r13
        movq    32(%rdi), %r14
        movq    40(%rdi), %r15
        movl    %esi, %eax
        cld
        jmp     *56(%rdi)
        .cfi_endproc
        .size   RtlpSehCall, . - RtlpSehCall

/* VOID RtlpSehReturn(Resume, Value): out of the function entered by RtlpSehCall. */
        .globl  RtlpSehReturn
        .type   RtlpSehReturn, @function
        .align  16
RtlpSehReturn:
        .cfi_startproc
        endbr64
        movq    %rdi, %rsp
        movl    %esi, %eax
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .cfi_endproc
        .size   RtlpSehReturn, . - RtlpSehReturn

/* VOID RtlCaptureContext(ContextRecord).  Windows: winnt.h, RtlCaptureContext.  Differences: no vector registers. */
        .globl  RtlCaptureContext
        .type   RtlCaptureContext, @function
        .align  16
RtlCaptureContext:
        .cfi_startproc
        endbr64
        pushfq
        .cfi_adjust_cfa_offset 8
        movl    $0x00100003, 48(%rdi)
        stmxcsr 52(%rdi)
        movq    %rax, 120(%rdi)
        movq    %rcx, 128(%rdi)
        movq    %rdx, 136(%rdi)
        movq    %rbx, 144(%rdi)
        leaq    16(%rsp), %rax
        movq    %rax, 152(%rdi)
        movq    %rbp, 160(%rdi)
        movq    %rsi, 168(%rdi)
        movq    %rdi, 176(%rdi)
        movq    %r8, 184(%rdi)
        movq    %r9, 192(%rdi)
        movq    %r10, 200(%rdi)
        movq    %r11, 208(%rdi)
        movq    %r12, 216(%rdi)
        movq    %r13, 224(%rdi)
        movq    %r14, 232(%rdi)
        movq    %r15, 240(%rdi)
        movq    8(%rsp), %rax
        movq    %rax, 248(%rdi)
        movl    (%rsp), %eax
        movl    %eax, 68(%rdi)
        movq    120(%rdi), %rax
        popfq
        .cfi_adjust_cfa_offset -8
        ret
        .cfi_endproc
        .size   RtlCaptureContext, . - RtlCaptureContext

        .section .note.GNU-stack, "", @progbits
