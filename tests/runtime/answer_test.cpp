#include "gateway/runtime/answer.hpp"

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "tests/support/virtual_clock.hpp"

using namespace vitalgate;
using namespace std::chrono_literals;

namespace {

struct Waiting {
    asio::io_context io;
    testing::VirtualClock clock{io};
    std::vector<std::string> got;

    asio::awaitable<void> wait(Answer<int> answer, Duration limit) {
        auto result = co_await answer.wait(clock, limit);
        got.push_back(result ? std::to_string(*result) : result.error().message);
    }
    void start(const Answer<int>& answer, Duration limit) {
        asio::co_spawn(io, wait(answer, limit), asio::detached);
        clock.run();
    }
    asio::awaitable<void> next(Inbox<int>& inbox, int count) {
        for (int i = 0; i < count; ++i) {
            auto value = co_await inbox.next(clock, 1s);
            got.push_back(value ? std::to_string(*value) : value.error().message);
        }
    }
    /// So many times.
    void read(Inbox<int>& inbox, int count) {
        asio::co_spawn(io, next(inbox, count), asio::detached);
        clock.run();
    }
};

}  // namespace

TEST_CASE("an answer given before anybody waits is kept") {
    Waiting w;
    Answer<int> answer;
    answer.set(7);
    w.start(answer, 1s);
    CHECK(w.got == std::vector<std::string>{"7"});
}

TEST_CASE("an answer given in time ends the wait and its timer, and a later one is ignored") {
    Waiting w;
    Answer<int> answer;
    w.start(answer, 5s);
    w.clock.advance(4s);
    answer.set(1);
    answer.set(2);
    CHECK(w.got.empty());  // resumes from the loop, not from inside set()
    w.clock.run();
    CHECK(w.got == std::vector<std::string>{"1"});
    CHECK(w.clock.pendingTimers() == 0);
}

TEST_CASE("without an answer the wait ends at its limit, with a sentence") {
    Waiting w;
    Answer<int> answer;
    w.start(answer, 5s);
    w.clock.advance(5s - 1ns);
    CHECK(w.got.empty());
    w.clock.advance(1ns);
    CHECK(w.got == std::vector<std::string>{"no answer within 5 s"});
}

TEST_CASE("a wait that is dropped with its loop is freed, and a later answer reaches nobody") {
    struct Witness {
        std::shared_ptr<int> life = std::make_shared<int>(0);
        static asio::awaitable<void> wait(Clock& clock, Answer<int> answer,
                                          std::shared_ptr<int> held) {
            co_await answer.wait(clock, 5s);
            ++*held;
        }
    };
    const Witness witness;
    Answer<int> answer;
    {
        asio::io_context io;
        testing::VirtualClock clock(io);
        asio::co_spawn(io, Witness::wait(clock, answer, witness.life), asio::detached);
        clock.run();
        CHECK(witness.life.use_count() > 1);
    }
    CHECK(witness.life.use_count() == 1);
    answer.set(3);
    CHECK(answer.isGiven());
    CHECK(*witness.life == 0);
}

TEST_CASE(
    "an inbox keeps order, refuses above its limit, and gives what is queued before its end") {
    Waiting w;
    Inbox<int> inbox(2);
    CHECK(inbox.push(1));
    CHECK(inbox.push(2));
    CHECK_FALSE(inbox.push(3));
    inbox.close({ErrorKind::disconnected, "gone"});
    w.read(inbox, 3);
    CHECK(w.got == std::vector<std::string>{"1", "2", "gone"});
}

TEST_CASE("a value on its way to the reader of an inbox is unread until it is there") {
    Waiting w;
    Inbox<int> inbox(2);
    w.read(inbox, 3);
    CHECK(inbox.push(1));
    CHECK(inbox.push(2));
    // One for the reader, which has not run yet, and one that waits.
    CHECK(inbox.size() == 1);
    while (w.got.size() < 2) {
        CHECK(inbox.unread() == 2 - w.got.size());
        REQUIRE(w.io.poll_one() == 1);
    }
    CHECK(inbox.unread() == 0);
    w.clock.advance(1s);
    CHECK(w.got == std::vector<std::string>{"1", "2", "no answer within 1 s"});
    CHECK(inbox.unread() == 0);
}

TEST_CASE("a value pushed between the time-out of a wait and its resumption is not lost") {
    Waiting w;
    Inbox<int> inbox(2);
    // Due at the same moment as the limit, and set before the waiter can run again.
    Timer push;
    w.read(inbox, 2);
    push = w.clock.after(1s, [&] { CHECK(inbox.push(5)); });
    w.clock.advance(1s);
    CHECK(w.got == std::vector<std::string>{"no answer within 1 s", "5"});
}

TEST_CASE("a value pushed after a timed-out wait is not lost") {
    Waiting w;
    Inbox<int> inbox(2);
    w.read(inbox, 2);
    w.clock.advance(1s - 1ns);
    w.clock.advance(1ns);
    CHECK(inbox.push(5));
    w.clock.run();
    CHECK(w.got == std::vector<std::string>{"no answer within 1 s", "5"});
}
