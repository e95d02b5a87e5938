#include "gateway/uplink/backlog_pace.hpp"

#include <doctest/doctest.h>

#include <deque>

namespace vitalgate::uplink {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kBatch = 64 * 1024;

/// A line over which so many octets a second go, whose acknowledgements take a while to come back.
class Line {
  public:
    Line(std::size_t bytesPerSecond, Duration roundTrip)
        : bytesPerSecond_(bytesPerSecond), roundTrip_(roundTrip), now_(start_) {}

    /// Sends what may go, then waits for the next acknowledgement.
    void step() {
        while (const auto bytes = pace.room()) {
            free_ = std::max(free_, now_) + seconds{bytes} / bytesPerSecond_;
            pace.sent(++number_, bytes, now_);
            underWay_.push_back({number_, free_ + roundTrip_});
            sentBytes_ += bytes;
        }
        now_ = underWay_.front().back;
        pace.answered(underWay_.front().number, now_);
        underWay_.pop_front();
    }
    void runFor(Duration time) {
        for (const auto end = now_ + time; now_ < end;) step();
    }
    /// All acknowledgements come back.
    void end() {
        for (const auto& message : underWay_) pace.answered(message.number, message.back);
        underWay_.clear();
    }
    /// What a live message that is sent now waits for.
    [[nodiscard]] Duration waiting() const { return std::max(free_, now_) - now_; }
    [[nodiscard]] double use() const {
        const std::chrono::duration<double> busy = seconds{sentBytes_} / bytesPerSecond_;
        return busy / (std::max(free_, now_) - start_);
    }

    BacklogPace pace{kBatch * 50, kBatch};

  private:
    struct UnderWay {
        std::uint64_t number = 0;
        SteadyTime back;
    };
    std::size_t bytesPerSecond_;
    Duration roundTrip_;
    SteadyTime start_{std::chrono::hours{1}};
    SteadyTime now_;
    SteadyTime free_{};
    std::uint64_t number_ = 0;
    std::size_t sentBytes_ = 0;
    std::deque<UnderWay> underWay_;
};

}  // namespace

TEST_CASE("on a slow line little is on the way, and the line is used") {
    for (const std::size_t rate : {5'000U, 20'000U, 100'000U}) {
        CAPTURE(rate);
        Line line(rate, milliseconds{600});
        CHECK(line.waiting() == Duration::zero());
        Duration longest{};
        line.runFor(seconds{10});
        for (int i = 0; i < 200; ++i) {
            line.step();
            longest = std::max(longest, line.waiting());
        }
        CHECK(longest <= milliseconds{2500});
        CHECK(line.use() > 0.5);
    }
}

TEST_CASE("what is sent first is little, whatever the line turns out to be") {
    Line line(5'000, milliseconds{600});
    line.step();
    CHECK(line.waiting() <= seconds{4});
}

TEST_CASE("on a quick line all that the window takes is soon on the way, in full batches") {
    Line line(100'000'000, milliseconds{5});
    line.runFor(milliseconds{500});
    line.end();
    std::size_t onTheWay = 0;
    for (std::uint64_t number = 1'000'000; const auto bytes = line.pace.room(); ++number) {
        CHECK(bytes == kBatch);
        line.pace.sent(number, bytes, SteadyTime{std::chrono::hours{2}});
        onTheWay += bytes;
    }
    CHECK(onTheWay >= kBatch * 49);
    CHECK(onTheWay <= kBatch * 50);
}

TEST_CASE("a line that becomes slow is noticed, and one that becomes quick again") {
    BacklogPace pace(kBatch * 50, kBatch);
    SteadyTime now{std::chrono::hours{1}};
    std::uint64_t number = 0;
    const auto answerAfter = [&](Duration time) {
        pace.sent(++number, pace.room(), now);
        now += time;
        pace.answered(number, now);
    };
    for (int i = 0; i < 100; ++i) answerAfter(milliseconds{10});
    CHECK(pace.room() == kBatch);
    for (int i = 0; i < 20; ++i) answerAfter(seconds{10});
    CHECK(pace.room() == 4 * 1024);
    for (int i = 0; i < 100; ++i) answerAfter(milliseconds{10});
    CHECK(pace.room() == kBatch);
}

TEST_CASE("what was on the way together halves once, and what was never sent counts for nothing") {
    BacklogPace pace(kBatch * 50, kBatch);
    SteadyTime now{std::chrono::hours{1}};
    pace.sent(1, 8 * 1024, now);
    pace.sent(2, 8 * 1024, now);
    CHECK(pace.room() == 0);
    pace.answered(7, now);
    CHECK(pace.room() == 0);
    now += seconds{3};
    pace.answered(1, now);
    pace.answered(2, now + seconds{1});
    CHECK(pace.room() == 4 * 1024);
    pace.sent(3, 4 * 1024, now);
    CHECK(pace.room() == 4 * 1024);
}

}  // namespace vitalgate::uplink
