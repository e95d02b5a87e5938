# How a folder becomes a library: one target a folder, named vitalgate_<folder>, whose DEPENDS are
# the folders it may include and whose LIBRARIES are third-party, visible to that folder alone.

add_library(vitalgate_flags INTERFACE)
target_include_directories(vitalgate_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(vitalgate_flags INTERFACE
    ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_SEPARATE_COMPILATION
    SPDLOG_FMT_EXTERNAL SPDLOG_COMPILED_LIB
    VITALGATE_VERSION="${PROJECT_VERSION}")
if(VITALGATE_FAILPOINTS)
    target_compile_definitions(vitalgate_flags INTERFACE VITALGATE_FAILPOINTS)
endif()
target_compile_options(vitalgate_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Lets ccache look through the precompiled header.
    target_compile_options(vitalgate_flags INTERFACE -fpch-preprocess)
    # g++ 12 reports these falsely from inlined std::string and std::variant (its PR 105329, 105651,
    # 105562), and more of them under the sanitizers.
    target_compile_options(vitalgate_flags INTERFACE
        -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds
        -Wno-maybe-uninitialized)
else()
    # Asio 1.22 knows the coroutines of g++ only; with these it believes clang too.
    target_compile_definitions(vitalgate_flags INTERFACE
        ASIO_HAS_CO_AWAIT ASIO_HAS_STD_COROUTINE)
endif()
if(VITALGATE_SANITIZE)
    add_compile_options(-fsanitize=${VITALGATE_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${VITALGATE_SANITIZE})
    if(VITALGATE_SANITIZE MATCHES thread)
        # The sanitizer knows no fences; without them Asio's own locking is what it sees.
        add_compile_definitions(ASIO_DISABLE_FENCED_BLOCK)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            add_compile_options(-Wno-tsan)
        endif()
    endif()
    if(VITALGATE_SANITIZE MATCHES undefined)
        add_compile_options(-fno-sanitize-recover=all)
    endif()
endif()

# Asio is compiled once. Every program that reads its headers, if only through the precompiled one,
# needs it.
add_library(vitalgate_asio STATIC ${PROJECT_SOURCE_DIR}/gateway/runtime/asio.cpp)
target_compile_features(vitalgate_asio PRIVATE cxx_std_23)
target_compile_definitions(vitalgate_asio PRIVATE
    ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_SEPARATE_COMPILATION)
target_link_libraries(vitalgate_flags INTERFACE vitalgate_asio Threads::Threads)

# The heavy headers that nearly every file reads, compiled once.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp "")
add_library(vitalgate_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
target_precompile_headers(vitalgate_pch PRIVATE
    <algorithm> <array> <chrono> <cstdint> <expected> <functional> <map> <memory> <optional> <span>
    <string> <string_view> <unordered_map> <variant> <vector>
    <fmt/chrono.h> <fmt/format.h>
    <asio/any_io_executor.hpp> <asio/awaitable.hpp> <asio/co_spawn.hpp> <asio/io_context.hpp>
    <asio/post.hpp> <asio/use_awaitable.hpp>
    <google/protobuf/message.h>)
target_link_libraries(vitalgate_pch PRIVATE vitalgate_flags fmt::fmt)

# vitalgate_library(NAME [DEPENDS folder…] [LIBRARIES third-party…])
# takes every .cpp of the folder but main.cpp.
function(vitalgate_library name)
    cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS *.cpp)
    list(FILTER sources EXCLUDE REGEX "/(main|asio)\\.cpp$")
    list(TRANSFORM ARG_DEPENDS PREPEND vitalgate_)
    if(sources)
        add_library(vitalgate_${name} STATIC ${sources})
        target_link_libraries(vitalgate_${name}
            PUBLIC vitalgate_flags fmt::fmt ${ARG_DEPENDS} PRIVATE ${ARG_LIBRARIES})
        target_precompile_headers(vitalgate_${name} REUSE_FROM vitalgate_pch)
    else()
        add_library(vitalgate_${name} INTERFACE)
        target_link_libraries(vitalgate_${name} INTERFACE vitalgate_flags fmt::fmt ${ARG_DEPENDS})
    endif()
endfunction()

# vitalgate_program(NAME DEPENDS folder… [LIBRARIES third-party…]) builds main.cpp as bin/NAME and installs it.
function(vitalgate_program name)
    cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES" ${ARGN})
    list(TRANSFORM ARG_DEPENDS PREPEND vitalgate_)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/main.cpp)
        add_executable(${name} main.cpp)
        target_link_libraries(${name} PRIVATE vitalgate_flags fmt::fmt ${ARG_DEPENDS} ${ARG_LIBRARIES})
        target_precompile_headers(${name} REUSE_FROM vitalgate_pch)
        install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endfunction()
