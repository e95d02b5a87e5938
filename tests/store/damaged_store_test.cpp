#include "gateway/store/damaged_store.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "gateway/base/descriptor.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

constexpr std::size_t kJournalHeader = 32;
constexpr std::size_t kFrameHeader = 24;

/// Of anything in the file. A lock of an open file meets those of its own process too.
bool isLocked(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(file.value >= 0);
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    REQUIRE(::fcntl(file.value, F_OFD_GETLK, &lock) == 0);
    return lock.l_type != F_UNLCK;
}

}  // namespace

TEST_CASE("while a damaged store is read nobody else can write it, whatever its journal is like") {
    Hub hub;
    hub.open();
    CHECK(hub.append({reading("a")}));
    CHECK(hub.append({reading("b")}));
    auto journal = readFile(hub.path() + "-wal");
    const auto content = readFile(hub.path());
    std::fill_n(journal.begin(), kJournalHeader + kFrameHeader, '\0');
    const auto path = hub.dir / "other.db";
    writeFile(path, content);
    writeFile(path + "-wal", journal);
    CHECK_FALSE(isLocked(path));
    {
        const auto store = DamagedStore::open(path, hub.options);
        REQUIRE(store);
        CHECK(store->undelivered().contains(kMaximumSequence));
        CHECK(isLocked(path));
    }
    CHECK_FALSE(isLocked(path));
    hub.close();
}
