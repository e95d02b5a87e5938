#pragma once

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>

#include "adapters/profiles/date_time.hpp"
#include "adapters/session/session.hpp"
#include "tests/support/scripted_link.hpp"

namespace vitalgate::testing {

using namespace std::chrono_literals;

/// Keeps what it is given; fails, or takes its time, when told to.
class RecordingSink final : public Sink {
  public:
    explicit RecordingSink(VirtualClock& clock) : clock_(clock) {}

    asio::awaitable<Result<Accepted>> append(Append what) override {
        if (slow > Duration::zero()) co_await clock_.sleep(slow);
        if (isOutOfMemory) throw std::bad_alloc();
        if (failure) co_return std::unexpected(*failure);
        if (!isStorable(what)) {
            co_return std::unexpected(Error{ErrorKind::unavailable, "more than the store takes"});
        }
        if (failAt == ++appends) {
            co_return std::unexpected(Error{ErrorKind::unavailable, "intake is closed"});
        }
        for (auto& reading : what.readings) readings.push_back(std::move(reading));
        for (auto& event : what.events) events.push_back(std::move(event));
        for (auto& refusal : what.refusals) {
            refusals.push_back(refusal.identity);
            events.push_back(std::move(refusal.event));
        }
        for (auto& bookmark : what.bookmarks) bookmarks[bookmark.name] = bookmark.value;
        ++commits;
        Accepted accepted;
        accepted.duplicates = duplicates;
        co_return accepted;
    }
    void describe(const v1::DeviceDescriptor& descriptor) override {
        descriptors.push_back(descriptor);
    }
    asio::awaitable<Result<std::string>> bookmark(std::string /*device*/,
                                                  std::string name) override {
        if (name == unreadable)
            co_return std::unexpected(Error{ErrorKind::damaged, "a page of it is damaged"});
        const auto found = bookmarks.find(name);
        co_return found == bookmarks.end() ? std::string() : found->second;
    }

    std::vector<NewReading> readings;
    std::vector<v1::Event> events;  ///< refusals among them
    std::vector<MeasurementIdentity> refusals;
    std::map<std::string, std::string> bookmarks;
    std::vector<v1::DeviceDescriptor> descriptors;
    std::optional<Error> failure;
    bool isOutOfMemory = false;
    Duration slow{0};
    std::uint32_t duplicates = 0;  ///< what each append is told
    int commits = 0;
    int appends = 0;            ///< failed ones among them
    std::optional<int> failAt;  ///< this append fails, no other
    std::string unreadable;     ///< bookmark
  private:
    /// Within the store's limits.
    static bool isStorable(const Append& what) {
        constexpr std::size_t kRow = 256 * 1024;
        constexpr std::size_t kBookmark = 64 * 1024;
        return std::ranges::all_of(
                   what.readings,
                   [](const auto& each) { return each.reading.ByteSizeLong() <= kRow; }) &&
               std::ranges::all_of(what.bookmarks, [](const Bookmark& each) {
                   return each.value.size() <= kBookmark;
               });
    }

    VirtualClock& clock_;
};

inline Bytes currentTime(std::chrono::local_time<Duration> local) {
    return profiles::encodeCurrentTime(profiles::currentTimeAt(local, 0));
}

/// One conversation in virtual time, which begins at 2026-11-23T08:00:00Z; zone UTC unless set.
struct Conversation {
    asio::io_context io;
    VirtualClock clock{io};
    RecordingSink sink{clock};
    std::shared_ptr<ScriptedLink> link = std::make_shared<ScriptedLink>(clock);
    DeviceSettings settings;
    session::SessionOptions options;
    v1::DeviceDescriptor known;  ///< from earlier conversations
    std::vector<std::string> lines;
    std::shared_ptr<session::Session> session;
    std::optional<Status> ended;

    Conversation() { settings.id = "cuff"; }

    void addInformation() {
        link->addService(0x180A);
        link->addCharacteristic(0x2A29, "r", toBytes("Example"));
        link->addCharacteristic(0x2A24, "r", toBytes("BP-7000"));
        link->addCharacteristic(0x2A26, "r", toBytes("1.4"));
        link->addService(0x180F);
        link->addCharacteristic(0x2A19, "rn", {80});
    }
    /// A clock that the device shows `ahead` of the hub's.
    void addClock(Duration ahead, std::string_view properties = "rw") {
        link->addService(0x1805);
        link->addCharacteristic(0x2A2B, properties,
                                currentTime(options.zone.toLocal(clock.wall() + ahead)));
    }
    void addBloodPressure() {
        link->addService(0x1810);
        link->addCharacteristic(0x2A35, "i");
        link->addCharacteristic(0x2A49, "r", {0x04, 0x00});
    }
    /// A cuff with all of it.
    void addCuff(Duration ahead) {
        addInformation();
        addClock(ahead);
        addBloodPressure();
    }

    void start() {
        const auto log = Log::toFunction(
            LogLevel::debug, [this](LogLevel, std::string_view line) { lines.emplace_back(line); });
        session = std::make_shared<session::Session>(link, clock, sink, settings, options,
                                                     log.part("device cuff"), known);
        asio::co_spawn(io, session->run(), [this](std::exception_ptr thrown, Status status) {
            CHECK(thrown == nullptr);
            ended = std::move(status);
        });
        clock.run();
    }
    /// The device says farewell after it has sent what it had.
    void endLink() {
        link->endLink();
        clock.run();
    }
    [[nodiscard]] bool succeeded() const { return ended && ended->has_value(); }
    [[nodiscard]] std::string error() const {
        return ended && !*ended ? ended->error().message : std::string("no error");
    }

    static Bytes toBytes(std::string_view text) {
        const auto view = asBytes(text);
        return {view.begin(), view.end()};
    }
};

/// 128/82 mmHg, mean 97, pulse 71, user 1, irregular pulse, at 2026-11-23T08:00:00 local time.
inline constexpr std::string_view kPressure = "1e800052006100ea070b1708000047000104 00";
/// The same with every value not a number: the measurement failed.
inline constexpr std::string_view kFailed = "1eff07ff07ff07ea070b17080000ff07010000";
/// Cut off in the diastolic pressure.
inline constexpr std::string_view kCutOff = "1e800052";

}  // namespace vitalgate::testing
