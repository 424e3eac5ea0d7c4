# Compiler and linker flags for every target: C17, warnings are errors, hardened releases, sanitizers by preset.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(FLASH_SANITIZE "" CACHE STRING "-fsanitize= value, or empty")

add_compile_definitions(_GNU_SOURCE FLASH_VERSION="${PROJECT_VERSION}")
add_compile_options(
    -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
    -Wformat=2 -Wvla -Wundef -Wwrite-strings -Wno-missing-field-initializers
    -fno-strict-aliasing -fno-common -fstack-protector-strong -fstack-clash-protection -g)
add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed -pie)
include_directories(${PROJECT_SOURCE_DIR}/include)

set(CMAKE_C_FLAGS_DEBUG "-O1 -fno-omit-frame-pointer")
set(CMAKE_C_FLAGS_RELEASE "-O2 -fcf-protection -D_FORTIFY_SOURCE=3")
if(FLASH_SANITIZE)
    add_compile_options(-fsanitize=${FLASH_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${FLASH_SANITIZE})
endif()
