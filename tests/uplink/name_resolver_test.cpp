#include "gateway/uplink/name_resolver.hpp"

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <atomic>
#include <future>
#include <new>
#include <optional>

#include "tests/support/run_until.hpp"
#include "tests/support/virtual_clock.hpp"

namespace vitalgate::uplink {
namespace {

/// A name service of which some names never answer before the test ends.
struct Names {
    ~Names() { end.set_value(); }

    NameResolver::LookUp lookUp() {
        return [asked = asked, ended = ended, silent = silent](const std::string& host,
                                                               std::error_code& error) {
            ++*asked;
            if (host == "silent.example") ended.wait();
            if (host == "late.example" && *asked <= *silent) ended.wait();
            if (host == "bad.example") throw std::bad_alloc();
            if (host == "unknown.example") error = asio::error::host_not_found;
            return NameResolver::Addresses{asio::ip::make_address("192.0.2.7")};
        };
    }
    std::promise<void> end;
    std::shared_future<void> ended{end.get_future().share()};
    std::shared_ptr<std::atomic<int>> asked = std::make_shared<std::atomic<int>>(0);
    /// The first so many look-ups of late.example do not come back.
    std::shared_ptr<std::atomic<int>> silent = std::make_shared<std::atomic<int>>(0);
};

struct Answer {
    std::error_code error;
    NameResolver::Addresses addresses;
};

struct Resolving {
    void ask(const std::string& host) {
        resolver->resolve(host, owner, [this](const auto& error, const auto& addresses) {
            answers.push_back({error, addresses});
        });
    }
    bool hasAnswers(std::size_t count) {
        return testing::runUntil(loop, [&] { return answers.size() >= count; });
    }
    bool isAskedTimes(int count) {
        return testing::runUntil(loop, [&] { return *names.asked >= count; });
    }

    asio::io_context loop;
    testing::VirtualClock clock{loop};
    Names names;
    std::shared_ptr<NameResolver> resolver = std::make_shared<NameResolver>(clock, names.lookUp());
    std::shared_ptr<int> owner = std::make_shared<int>(0);
    std::vector<Answer> answers;
};

}  // namespace

TEST_CASE("a name that is never answered holds up no other, and has one thread however often") {
    Resolving resolving;
    for (int i = 0; i < 5; ++i) resolving.ask("silent.example");
    resolving.ask("broker.example");
    REQUIRE(resolving.hasAnswers(1));
    CHECK_FALSE(resolving.answers[0].error);
    CHECK(resolving.answers[0].addresses[0].to_string() == "192.0.2.7");
    resolving.ask("unknown.example");
    REQUIRE(resolving.hasAnswers(2));
    CHECK(resolving.answers[1].error == asio::error::host_not_found);
    CHECK(resolving.answers.size() == 2);
    CHECK(testing::runUntil(resolving.loop, [&] { return *resolving.names.asked == 3; }));
}

TEST_CASE("a look-up that does not come back is made anew after two minutes; all get its answer") {
    Resolving resolving;
    *resolving.names.silent = 1;
    resolving.ask("late.example");
    REQUIRE(resolving.isAskedTimes(1));
    resolving.clock.advance(NameResolver::kPatience - std::chrono::seconds{1});
    resolving.ask("late.example");
    resolving.ask("broker.example");
    REQUIRE(resolving.hasAnswers(1));
    CHECK(*resolving.names.asked == 2);
    resolving.clock.advance(std::chrono::seconds{1});
    resolving.ask("late.example");
    REQUIRE(resolving.hasAnswers(4));
    CHECK(*resolving.names.asked == 3);
    // The one that is still out holds up nobody.
    resolving.ask("late.example");
    REQUIRE(resolving.hasAnswers(5));
    CHECK(*resolving.names.asked == 4);
}

TEST_CASE("a name has three threads at most; when one comes back it is looked up again") {
    Resolving resolving;
    for (int i = 0; i < 10; ++i) {
        resolving.ask("silent.example");
        REQUIRE(resolving.isAskedTimes(std::min(i + 1, 3)));
        resolving.clock.advance(NameResolver::kPatience);
    }
    resolving.ask("broker.example");
    REQUIRE(resolving.hasAnswers(1));
    CHECK(*resolving.names.asked == 4);
    resolving.names.end.set_value();
    REQUIRE(resolving.hasAnswers(11));
    resolving.names.end = {};
    resolving.ask("silent.example");
    REQUIRE(resolving.hasAnswers(12));
    CHECK(resolving.isAskedTimes(5));
}

TEST_CASE("a look-up that throws is an answer with an error, and not the end of the process") {
    Resolving resolving;
    resolving.ask("bad.example");
    REQUIRE(resolving.hasAnswers(1));
    CHECK(resolving.answers[0].error);
    CHECK(resolving.answers[0].addresses.empty());
}

TEST_CASE("an address in figures is its own answer, and no name service is asked") {
    Resolving resolving;
    resolving.ask("127.0.0.1");
    resolving.ask("::1");
    CHECK(resolving.answers.empty());
    REQUIRE(resolving.hasAnswers(2));
    CHECK(resolving.answers[0].addresses[0].is_v4());
    CHECK(resolving.answers[1].addresses[0].is_v6());
    CHECK(*resolving.names.asked == 0);
}

TEST_CASE("whoever has gone gets no answer; a resolver may go while a name is looked up") {
    Resolving resolving;
    resolving.ask("broker.example");
    resolving.ask("127.0.0.1");
    resolving.owner = std::make_shared<int>(1);
    resolving.ask("silent.example");
    resolving.ask("other.example");
    REQUIRE(resolving.hasAnswers(1));
    CHECK(testing::runUntil(resolving.loop, [&] { return *resolving.names.asked == 3; }));
    resolving.resolver.reset();
    resolving.loop.restart();
    resolving.loop.poll();
    CHECK(resolving.answers.size() == 1);
}

TEST_CASE("the system knows this machine") {
    asio::io_context loop;
    testing::VirtualClock clock(loop);
    const auto resolver = std::make_shared<NameResolver>(clock);
    const auto owner = std::make_shared<int>(0);
    std::optional<Answer> answer;
    resolver->resolve("localhost", owner, [&](const auto& error, const auto& addresses) {
        answer = Answer{error, addresses};
    });
    REQUIRE(testing::runUntil(loop, [&] { return answer.has_value(); }));
    REQUIRE_FALSE(answer->error);
    CHECK(answer->addresses[0].is_loopback());
}

}  // namespace vitalgate::uplink
