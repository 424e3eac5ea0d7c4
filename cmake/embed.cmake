# flash_embed(TARGET FILE...): each file becomes `const unsigned char flash_embed_<name>[]` and
# `const size_t flash_embed_<name>_len` in the target, with every byte that is not [A-Za-z0-9] in the name as '_'.
# The bytes are taken in by the assembler at build time; nothing generated is committed.

function(flash_embed target)
    foreach(file IN LISTS ARGN)
        get_filename_component(path ${file} ABSOLUTE)
        get_filename_component(name ${file} NAME)
        string(REGEX REPLACE "[^A-Za-z0-9]" "_" symbol "flash_embed_${name}")
        set(out ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.S)
        file(CONFIGURE OUTPUT ${out} @ONLY CONTENT [[
    .section .rodata
    .global @symbol@
    .global @symbol@_len
    .balign 16
@symbol@:
    .incbin "@path@"
0:  .byte 0
    .balign 8
@symbol@_len:
    .quad 0b - @symbol@
    .section .note.GNU-stack,"",%progbits
]])
        set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS ${path})
        target_sources(${target} PRIVATE ${out})
    endforeach()
endfunction()
