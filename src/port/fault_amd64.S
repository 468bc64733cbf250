/* SPDX-License-Identifier: MIT */
/*
 * int port_fault_enter(struct port_fault_frame *frame)
 *     Stores the callee-saved registers, pushes the frame and returns 0; returns 1 when the frame is resumed.
 * void port_fault_jump(const struct port_fault_frame *frame)
 *     Loads them again.
 *
 * Register slots: rbx rbp r12 r13 r14 r15 rsp rip.
 */
        .text
        .globl  port_fault_enter
        .hidden port_fault_top
        .type   port_fault_enter, @function
        .align  16
port_fault_enter:
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
        movq    port_fault_top@gottpoff(%rip), %rcx
        movq    %fs:(%rcx), %rax
        movq    %rax, 64(%rdi)
        movq    %rdi, %fs:(%rcx)
        xorl    %eax, %eax
        ret
        .cfi_endproc
        .size   port_fault_enter, . - port_fault_enter

        .globl  port_fault_jump
        .hidden port_fault_jump
        .type   port_fault_jump, @function
        .align  16
port_fault_jump:
        .cfi_startproc
        endbr64
        movq    0(%rdi), %rbx
        movq    8(%rdi), %rbp
        movq    16(%rdi), %r12
        movq    24(%rdi), %r13
        movq    32(%rdi), %r14
        movq    40(%rdi), %r15
        movq    48(%rdi), %rsp
        cld
        movl    $1, %eax
        jmp     *56(%rdi)
        .cfi_endproc
        .size   port_fault_jump, . - port_fault_jump

        .section .note.GNU-stack, "", @progbits
