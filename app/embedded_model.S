/* The embedded model as bytes in .rodata. GGUF aligns its tensors to 32 bytes from the start of the file; 64 here keeps
   them on cache lines. QUERN_EMBEDDED_MODEL is the file's path, set by CMake. */
        .section .rodata
        .balign 64
        .global quern_embedded_model_begin
        .type quern_embedded_model_begin, %object
quern_embedded_model_begin:
        .incbin QUERN_EMBEDDED_MODEL
        .size quern_embedded_model_begin, . - quern_embedded_model_begin
        .global quern_embedded_model_end
        .type quern_embedded_model_end, %object
quern_embedded_model_end:
        .byte 0
        .size quern_embedded_model_end, 1
        .section .note.GNU-stack, "", %progbits
