#include <doctest/doctest.h>

#include "tests/store/faulty_disk.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

TEST_CASE("what arrives during a commit is committed together, next") {
    FaultyDisk disk;
    Hub hub;
    hub.options.vfs = FaultyDisk::name();
    hub.open();
    std::vector<std::uint64_t> commits;
    hub.store->onCommitted([&](std::uint64_t newest) { commits.push_back(newest); });
    std::vector<std::uint64_t> answers;
    const auto append = [&] {
        hub.store->append({reading("a")}, {}, [&](Result<Appended> result) {
            answers.push_back(result.value().sequences[0]);
        });
    };
    disk.holdSyncs();
    append();
    disk.awaitHeldSync();
    for (int i = 0; i < 100; ++i) append();
    hub.clock.run();
    CHECK(answers.empty());
    const int before = disk.syncs();
    disk.release();
    hub.runUntil([&] { return answers.size() == 101; });
    CHECK(commits == std::vector<std::uint64_t>{2, 102});
    CHECK(disk.syncs() == before + 1);
    for (std::uint64_t i = 0; i < answers.size(); ++i) CHECK(answers[i] == i + 2);
}

TEST_CASE("an append comes back only after its sync") {
    FaultyDisk disk;
    Hub hub;
    hub.options.vfs = FaultyDisk::name();
    hub.open();
    bool answered = false;
    disk.holdSyncs();
    hub.store->append({reading("a")}, {}, [&](auto) { answered = true; });
    disk.awaitHeldSync();
    hub.clock.run();
    CHECK_FALSE(answered);
    CHECK(hub.store->status().newest == 1);
    disk.release();
    hub.runUntil([&] { return answered; });
    CHECK(hub.store->status().newest == 2);
}

TEST_CASE("an append does not wait for a long fetch, and the fetch ends all the same") {
    constexpr int kGroup = 1000;  // appends at most
    FaultyDisk disk;
    Hub hub;
    hub.options.vfs = FaultyDisk::name();
    hub.open();
    std::vector<NewRow> rows(4000, reading(std::string(1000, 'x')));
    CHECK(hub.append(rows));
    std::vector<std::string> order;
    std::size_t fetched = 0;
    // All wait before the first of them is on the disk. The last append is in a group of its own,
    // so that the fetch has begun when its turn comes.
    disk.holdSyncs();
    hub.store->append({reading("first")}, {}, [](auto) {});
    disk.awaitHeldSync();
    hub.store->fetch({1, UINT64_MAX}, {}, 1 << 30, [&](Result<std::vector<StoredRow>> result) {
        fetched = result.value().size();
        order.emplace_back("fetch");
    });
    for (int i = 0; i < kGroup; ++i) hub.store->append({reading("late")}, {}, [](auto) {});
    hub.store->append({reading("last")}, {}, [&](auto) { order.emplace_back("append"); });
    disk.release();
    hub.runUntil([&] { return order.size() == 2; });
    CHECK(order == std::vector<std::string>{"append", "fetch"});
    CHECK(fetched >= 4001);
}

TEST_CASE("appends without end do not keep a fetch from ending") {
    Hub hub;
    hub.open();
    std::vector<NewRow> rows(1000, reading(std::string(1000, 'x')));
    CHECK(hub.append(rows));
    bool fetched = false;
    int appended = 0;
    // On a busy machine this thread may stand for as long as the fetch takes.
    const auto isOver = [&] { return fetched && appended > 5; };
    std::function<void(Result<Appended>)> again = [&](Result<Appended> result) {
        CHECK(result);
        ++appended;
        if (!isOver()) hub.store->append({reading("a")}, {}, again);
    };
    // Two on their way at all times: there is always one waiting when a commit ends.
    hub.store->append({reading("a")}, {}, again);
    hub.store->append({reading("a")}, {}, again);
    hub.store->fetch({1, 1000}, {}, 1 << 30, [&](auto) { fetched = true; });
    hub.runUntil(isOver);
    CHECK(appended > 5);
    hub.close();
}

TEST_CASE("between two commits lies one step of a fetch or a search at most") {
    constexpr std::uint64_t kSteps = 10;
    constexpr std::uint64_t kFetched = kSteps * 64;    // of 64 KiB
    constexpr std::uint64_t kSearched = kSteps * 256;  // rows
    constexpr std::size_t kGroups = 15;                // of 1000 appends
    FaultyDisk disk;
    Hub hub;
    hub.options.vfs = FaultyDisk::name();
    hub.open();
    CHECK(hub.append(std::vector<NewRow>(kSearched, reading(std::string(1024, 'x')))));
    std::size_t commits = 0;
    hub.store->onCommitted([&](auto) { ++commits; });
    const auto commitsDuring = [&](const std::function<void(std::function<void()>)>& read) {
        std::size_t before = 0;
        std::size_t answered = 0;
        // All wait before the first of them is on the disk.
        disk.holdSyncs();
        hub.store->append({reading("a")}, {}, [&](auto) { before = commits; });
        disk.awaitHeldSync();
        for (std::size_t i = 0; i < kGroups * 1000; ++i) {
            hub.store->append({reading("a")}, {}, [&](auto) { ++answered; });
        }
        std::size_t during = 0;
        read([&] { during = commits - before; });
        disk.release();
        hub.runUntil([&] { return answered == kGroups * 1000 && during > 0; });
        return during;
    };
    const auto beside = [&](const auto& read) {
        const auto during = commitsDuring(read);
        CHECK(during >= kSteps - 1);
        // Nor does the read wait until nobody appends.
        CHECK(during < kGroups);
    };
    beside(
        [&](auto done) { hub.store->fetch({1, kFetched}, {}, 1 << 30, [done](auto) { done(); }); });
    beside([&](auto done) {
        RowSearch search;
        search.within = {1, kSearched};
        hub.store->search(search, [done](auto) { done(); });
    });
}

TEST_CASE("above 32 MiB that wait for the disk, appends are refused and not piled up") {
    FaultyDisk disk;
    Hub hub;
    hub.options.vfs = FaultyDisk::name();
    hub.open();
    disk.holdSyncs();
    std::size_t stored = 0;
    std::vector<Error> errors;
    const NewRow big = reading(std::string(250'000, 'x'));
    for (int i = 0; i < 140; ++i) {
        hub.store->append({big}, {}, [&](Result<Appended> result) {
            if (result) {
                ++stored;
            } else {
                errors.push_back(result.error());
            }
        });
    }
    disk.release();
    hub.runUntil([&] { return stored + errors.size() == 140; });
    CHECK(stored == 134);
    REQUIRE(errors.size() == 6);
    CHECK(errors[0].kind == ErrorKind::unavailable);
    CHECK(errors[0].message.starts_with("the disk is too slow: "));
    CHECK(hub.append({reading("a")}));  // and then there is room again
}
