/* SPDX-License-Identifier: MIT */
/*
 * vf_inject_stubs: one entry of 16 bytes per row of the table in faults.def.  A driver's calls of a routine that may be made to fail go
 * to the entry instead.  It asks vf_inject_decide with what the caller passed, then goes on to the routine, or returns the status.
 *
 * Slots that vf_inject_decide sees: rax (for the status), row, rdi rsi rdx rcx r8 r9, rbp, return address, arguments on the stack.
 */
        .text
        .globl  vf_inject_stubs
        .hidden vf_inject_stubs
        .hidden vf_inject_decide
        .type   vf_inject_stubs, @function
        .align  16
vf_inject_stubs:
        .set    row, 0
        .rept   256
        .cfi_startproc
        .align  16
        endbr64
        movl    $row, %r11d
        jmp     vf_inject_common
        .cfi_endproc
        .set    row, row + 1
        .endr
        .size   vf_inject_stubs, . - vf_inject_stubs

        .type   vf_inject_common, @function
        .align  16
vf_inject_common:
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register rbp
        pushq   %r9
        pushq   %r8
        pushq   %rcx
        pushq   %rdx
        pushq   %rsi
        pushq   %rdi
        pushq   %r11
        pushq   %rax
        movq    %rsp, %rdi
        call    vf_inject_decide
        testq   %rax, %rax
        jz      1f
        movq    %rax, %r11
        popq    %rax
        addq    $8, %rsp
        popq    %rdi
        popq    %rsi
        popq    %rdx
        popq    %rcx
        popq    %r8
        popq    %r9
        .cfi_remember_state
        popq    %rbp
        .cfi_def_cfa rsp, 8
        jmp     *%r11
        .cfi_restore_state
1:
        movl    (%rsp), %eax
        leave
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc
        .size   vf_inject_common, . - vf_inject_common

        .section .note.GNU-stack, "", @progbits
