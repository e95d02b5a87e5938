#include "gateway/cli/watch.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "gateway/cli/broker_settings.hpp"
#include "gateway/cli/stream_view.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/random.hpp"
#include "gateway/uplink/paho_transport.hpp"
#include "gateway/uplink/subscriber.hpp"

namespace vitalgate::cli {

namespace {

constexpr Duration kUntilLimit = std::chrono::seconds{60};
constexpr Duration kGoodbyeLimit = std::chrono::seconds{2};

template <class... Args>
ExitStatus refuse(ExitStatus status, fmt::format_string<Args...> format, Args&&... args) {
    fmt::print(stderr, "{}\n", fmt::format(format, std::forward<Args>(args)...));
    return status;
}

ExitStatus statusOf(ErrorKind kind) {
    const bool isRefused = kind == ErrorKind::authentication || kind == ErrorKind::refused;
    return isRefused ? ExitStatus::notPermitted : ExitStatus::unreachable;
}

Labels labelsOf(const config::Config& config) {
    Labels labels;
    for (const auto& [id, device] : config.devices) labels.devices[id] = device.label;
    for (const auto& [id, person] : config.people) labels.people[id] = person.label;
    return labels;
}

/// As the screen has called it, and as the configuration does.
std::string shownName(const config::Config& config, const std::string& id) {
    const auto& label = config.devices.at(id).label;
    return label == id ? id : fmt::format("{} ({})", label, id);
}

/// The zone that the shell says, else the system's, else UTC.
TimeZone zoneOfScreen() {
    const char* name = std::getenv("TZ");
    if (name != nullptr && *name != '\0') {
        if (const auto zone = TimeZone::find(*name == ':' ? name + 1 : name)) return *zone;
    }
    return TimeZone::find("").value_or(TimeZone{});
}

/// A failure stays in stdout's error flag.
void printLine(const std::string& line) {
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
}

/// One run of the subcommand on its loop.
class Watch {
  public:
    Watch(asio::io_context& loop, Clock& clock, uplink::Subscriber& subscriber, StreamView& view,
          std::set<std::string> awaited)
        : loop_(loop),
          clock_(clock),
          subscriber_(subscriber),
          view_(view),
          awaited_(std::move(awaited)),
          signals_(loop, SIGINT, SIGTERM) {}

    /// Until Ctrl-C, or until all awaited devices have delivered, or until the limit.
    ExitStatus run(std::optional<Duration> limit, std::size_t brokers) {
        attemptsLeft_ = brokers;
        signals_.async_wait([this](const asio::error_code& error, int) {
            if (!error) end(awaited_.empty() ? ExitStatus::done : ExitStatus::timedOut);
        });
        if (limit) timer_ = clock_.after(*limit, [this] { onLimit(); });
        uplink::SubscriberEvents events;
        events.received = [this](const std::string& topic, const uplink::MqttMessage& message) {
            onMessage(topic, message);
        };
        events.connected = [this](const BrokerAddress&) { wasConnected_ = true; };
        events.disconnected = [this](const Error& why) { onDisconnected(why); };
        subscriber_.start(std::move(events));
        loop_.run();
        return status_;
    }

    /// Awaited devices that have delivered nothing.
    [[nodiscard]] std::vector<std::string> missing() const {
        std::vector<std::string> names;
        std::ranges::set_difference(awaited_, view_.delivered(), std::back_inserter(names));
        return names;
    }

  private:
    void onMessage(const std::string& topic, const uplink::MqttMessage& message) {
        if (ended_) return;
        view_.take(topic, message.payload);
        if (std::ferror(stdout) != 0) return end(ExitStatus::no);
        if (!awaited_.empty() && missing().empty()) end(ExitStatus::done);
    }

    void onLimit() { end(awaited_.empty() ? ExitStatus::done : ExitStatus::timedOut); }

    /// A broker that was never reached ends the program; one that was is waited for.
    void onDisconnected(const Error& why) {
        if (ended_) return;
        if (attemptsLeft_ > 0) --attemptsLeft_;
        if (!wasConnected_ && attemptsLeft_ == 0) {
            fmt::print(stderr, "{}\n", why.message);
            end(statusOf(why.kind));
        } else if (std::exchange(lastError_, why.message) != why.message) {
            fmt::print(stderr, "{}; trying again\n", why.message);
        }
    }

    void end(ExitStatus status) {
        if (std::exchange(ended_, true)) return;
        status_ = status;
        timer_.cancel();
        subscriber_.stopCleanly(kGoodbyeLimit, [this] { loop_.stop(); });
    }

    asio::io_context& loop_;
    Clock& clock_;
    uplink::Subscriber& subscriber_;
    StreamView& view_;
    std::set<std::string> awaited_;
    asio::signal_set signals_;
    Timer timer_;
    std::size_t attemptsLeft_ = 0;
    bool wasConnected_ = false;
    bool ended_ = false;
    std::string lastError_;
    ExitStatus status_ = ExitStatus::done;
};

/// The devices whose readings are waited for; a name that is not configured is an error.
Result<std::set<std::string>> awaitedDevices(const config::Config& config,
                                             const WatchArguments& arguments) {
    std::set<std::string> awaited;
    for (const auto& id : arguments.untilEach) {
        if (!config.devices.contains(id)) {
            return fail(ErrorKind::invalid, "there is no device {} in the configuration", id);
        }
        awaited.insert(id);
    }
    for (const auto& [id, device] : config.devices) {
        if (arguments.untilAll && device.enabled) awaited.insert(id);
    }
    const bool asked = arguments.untilAll || !arguments.untilEach.empty();
    if (asked && awaited.empty()) {
        return fail(ErrorKind::invalid, "there is no enabled device to wait for");
    }
    return awaited;
}

/// Ends the process.
[[noreturn]] void subscribe(const config::Config& config, const uplink::BrokerSettings& settings,
                            uplink::Topics topics, const std::set<std::string>& awaited,
                            const WatchArguments& arguments) {
    asio::io_context loop;
    uplink::UplinkThread thread;
    SystemClock clock(loop);
    SystemRandom random;
    StreamView view(Formatter(labelsOf(config), zoneOfScreen()), arguments.json, printLine);
    if (!arguments.json) printLine(Formatter(labelsOf(config), TimeZone{}).header());
    ExitStatus status{};
    std::vector<std::string> missing;
    {
        uplink::Subscriber subscriber(settings, std::move(topics),
                                      uplink::pahoTransports(thread, clock), clock, random, Log{});
        Watch watch(loop, clock, subscriber, view, awaited);
        const auto limit =
            arguments.timeout || awaited.empty() ? arguments.timeout : std::optional(kUntilLimit);
        status = watch.run(limit, settings.brokers.size());
        missing = watch.missing();
    }
    if (status == ExitStatus::timedOut) {
        for (auto& name : missing) name = shownName(config, name);
        fmt::print(stderr, "no reading has come from: {}\n", fmt::join(missing, ", "));
    }
    // Loop and library would wait for a name that is still being looked up, and the library's
    // threads may still be ending while the process takes its globals down.
    static_cast<void>(thread.finish(kGoodbyeLimit));
    std::fflush(nullptr);
    std::_Exit(static_cast<int>(status));
}

}  // namespace

ExitStatus watch(const config::Config& config, const WatchArguments& arguments) {
    if (config.uplinks.empty()) {
        return refuse(ExitStatus::usage, "the configuration has no uplink to watch");
    }
    const auto found =
        arguments.uplink.empty() ? config.uplinks.begin() : config.uplinks.find(arguments.uplink);
    if (found == config.uplinks.end()) {
        return refuse(ExitStatus::usage, "there is no uplink {} in the configuration",
                      arguments.uplink);
    }
    const auto& [name, uplink] = *found;
    const auto awaited = awaitedDevices(config, arguments);
    if (!awaited) return refuse(ExitStatus::usage, "{}", awaited.error().message);
    SystemRandom random;
    const auto clientId = fmt::format("{}-watch-{:08x}", config.hub.id, random.next() >> 32);
    const auto settings = brokerSettings(uplink, clientId);
    if (!settings) {
        return refuse(ExitStatus::notPermitted, "uplink {}: {}", name, settings.error().message);
    }
    auto topics = uplink::Topics::make(uplink.root, config.hub.id);
    if (!topics) return refuse(ExitStatus::no, "uplink {}: {}", name, topics.error().message);
    subscribe(config, *settings, std::move(*topics), *awaited, arguments);
}

}  // namespace vitalgate::cli
