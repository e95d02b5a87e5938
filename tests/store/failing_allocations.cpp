#include "tests/store/failing_allocations.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <atomic>

namespace vitalgate::store::testing {

namespace {

// SQLite's functions for memory are given nothing that could hold these.
sqlite3_mem_methods usual;
std::atomic<long> remaining = 0;  ///< until the one that fails; 0: none does
std::atomic<bool> hasFailed = false;

bool fails() {
    if (remaining <= 0 || --remaining > 0) return false;
    hasFailed = true;
    return true;
}

void* allocate(int size) {
    return fails() ? nullptr : usual.xMalloc(size);
}

void* reallocate(void* block, int size) {
    return fails() ? nullptr : usual.xRealloc(block, size);
}

void use(const sqlite3_mem_methods& methods) {
    REQUIRE(sqlite3_shutdown() == SQLITE_OK);
    REQUIRE(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK);
    REQUIRE(sqlite3_initialize() == SQLITE_OK);
}

}  // namespace

FailingAllocations::FailingAllocations() {
    REQUIRE(sqlite3_shutdown() == SQLITE_OK);
    REQUIRE(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual) == SQLITE_OK);
    auto failing = usual;
    failing.xMalloc = allocate;
    failing.xRealloc = reallocate;
    use(failing);
}

FailingAllocations::~FailingAllocations() {
    end();
    use(usual);
}

void FailingAllocations::failAt(long number) {
    hasFailed = false;
    remaining = number;
}

bool FailingAllocations::end() {
    remaining = 0;
    return hasFailed.exchange(false);
}

}  // namespace vitalgate::store::testing
