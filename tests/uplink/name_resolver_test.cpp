#include "gateway/uplink/name_resolver.hpp"

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <atomic>
#include <future>
#include <optional>

#include "tests/support/run_until.hpp"

namespace vitalgate::uplink {
namespace {

/// A name service of which some names never answer before the test ends.
struct Names {
    ~Names() { end.set_value(); }

    NameResolver::LookUp lookUp() {
        return [asked = asked, ended = ended](const std::string& host, std::error_code& error) {
            ++*asked;
            if (host == "silent.example") ended.wait();
            if (host == "unknown.example") error = asio::error::host_not_found;
            return NameResolver::Addresses{asio::ip::make_address("192.0.2.7")};
        };
    }
    std::promise<void> end;
    std::shared_future<void> ended{end.get_future().share()};
    std::shared_ptr<std::atomic<int>> asked = std::make_shared<std::atomic<int>>(0);
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

    asio::io_context loop;
    Names names;
    std::shared_ptr<NameResolver> resolver =
        std::make_shared<NameResolver>(loop.get_executor(), names.lookUp());
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
    const auto resolver = std::make_shared<NameResolver>(loop.get_executor());
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
