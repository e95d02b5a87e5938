#include "gateway/runtime/log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>

using namespace vitalgate;

namespace {

struct Lines {
    std::vector<std::string> lines;
    Log log = Log::toFunction(
        LogLevel::info, [this](LogLevel, std::string_view line) { lines.emplace_back(line); });
};

/// Runs code with another standard error.
void withStandardError(int file, const std::function<void()>& code) {
    std::fflush(stderr);
    const int saved = dup(STDERR_FILENO);
    dup2(file, STDERR_FILENO);
    code();
    std::fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
}

/// What a piece of code writes to standard error.
std::string standardErrorOf(const std::function<void()>& code) {
    std::FILE* file = std::tmpfile();
    withStandardError(fileno(file), code);
    std::rewind(file);
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    return text;
}

}  // namespace

TEST_CASE("a part puts its subject in front of each line, below the one it has") {
    Lines to;
    to.log.part("device cuff").part("clock").info("set, {} s off", 42);
    CHECK(to.lines == std::vector<std::string>{"device cuff: clock: set, 42 s off"});
}

TEST_CASE("a level shows itself and what is more severe, and can change for all parts at once") {
    Lines to;
    const Log part = to.log.part("uplink");
    part.debug("not shown");
    part.warning("shown");
    to.log.setLevel(LogLevel::debug);
    part.debug("now shown");
    to.log.setLevel(LogLevel::error);
    part.warning("no longer shown");
    part.error("always shown");
    CHECK(to.lines ==
          std::vector<std::string>{"uplink: shown", "uplink: now shown", "uplink: always shown"});
}

TEST_CASE("text from outside cannot begin a line of its own") {
    Lines to;
    to.log.info("name {}", "cuff\n<3>forged\x1b[31m\x7f");
    CHECK(to.lines == std::vector<std::string>{"name cuff <3>forged [31m "});
}

TEST_CASE("a log that goes nowhere may be written to") {
    const Log log;
    log.part("x").error("nobody reads {}", "this");
    log.setLevel(LogLevel::debug);
}

TEST_CASE("the words of the levels are read, others are refused with the list") {
    CHECK(parseLogLevel("debug") == LogLevel::debug);
    CHECK(parseLogLevel("warning") == LogLevel::warning);
    const auto refused = parseLogLevel("verbose");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message ==
          "\"verbose\" is not a log level; write error, warning, info or debug");
}

TEST_CASE("lines for the journal begin with the priority that it reads") {
    const auto text = standardErrorOf([] {
        const Log log = Log::toStandardError(LogLevel::debug, true);
        log.error("e");
        log.warning("w");
        log.info("i {{}}");
        log.debug("d");
    });
    CHECK(text == "<3>e\n<4>w\n<6>i {}\n<7>d\n");
}

TEST_CASE("lines for people begin with time and level") {
    const auto text = standardErrorOf([] {
        Log::toStandardError(LogLevel::info, false).warning("battery of {} is low", "cuff");
    });
    REQUIRE(text.size() > 25);
    CHECK(text.substr(10, 1) == "T");
    CHECK(text.substr(23) == "Z warning: battery of cuff is low\n");
}

TEST_CASE(
    "a reader that has stopped holds up nobody; how much it has missed is told when it reads on") {
    std::array<int, 2> pipe{};
    REQUIRE(pipe2(pipe.data(), O_CLOEXEC) == 0);
    REQUIRE(fcntl(pipe[0], F_SETPIPE_SZ, 8192) == 8192);
    const std::string longest(10'000, 'x');
    std::string text(16'384, '\0');
    withStandardError(pipe[1], [&] {
        const Log log = Log::toStandardError(LogLevel::info, true);
        for (int i = 0; i < 100; ++i) log.info("{}", longest);
        const auto got = read(pipe[0], text.data(), text.size());
        REQUIRE(got > 0);
        text.resize(static_cast<std::size_t>(got));
        log.info("on");
    });
    const std::string line = "<6>" + longest.substr(0, 4000) + "\n";
    CHECK(text == line + line);
    std::string rest(4096, '\0');
    const auto got = read(pipe[0], rest.data(), rest.size());
    CHECK(rest.substr(0, static_cast<std::size_t>(got)) ==
          "<4>98 lines were left out here: nobody read them\n<6>on\n");
    close(pipe[0]);
    close(pipe[1]);
}
