#include "gateway/dbus/no_memory.hpp"

#include <doctest/doctest.h>
#include <sdbus-c++/Error.h>

#include <cerrno>
#include <new>
#include <stdexcept>

using namespace vitalgate::dbus;

namespace {

int told = 0;

/// As long as this lives, what is without memory is counted.
struct Counting {
    Counting() : before(std::set_new_handler([] { ++told; })) { told = 0; }
    Counting(const Counting&) = delete;
    Counting& operator=(const Counting&) = delete;
    ~Counting() { std::set_new_handler(before); }

    std::new_handler before;
};

}  // namespace

TEST_CASE("what the bus library has no memory for counts as what nobody has memory for") {
    const Counting counting;
    checkMemory(sdbus::createError(ENOMEM, "cannot read"));
    CHECK(told == 1);
    checkMemory(sdbus::createError(ENOTCONN, "cannot read"));
    checkMemory(std::runtime_error("org.freedesktop.DBus.Error.NoMemory"));
    CHECK(told == 1);
}

TEST_CASE("without a handler it is an error like any other") {
    checkMemory(sdbus::createError(ENOMEM, "cannot read"));
}
