#include "gateway/app/daemon.hpp"

#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <new>
#include <system_error>

#include "gateway/app/application.hpp"
#include "gateway/app/bluetooth.hpp"
#include "gateway/app/configuration.hpp"
#include "gateway/crypto/crypto.hpp"
#include "gateway/host/credentials.hpp"
#include "gateway/host/process.hpp"
#include "gateway/host/service_manager.hpp"
#include "gateway/uplink/paho_transport.hpp"

namespace vitalgate::app {

namespace {

/// The clean stop takes less; systemd and people wait for five seconds.
constexpr std::chrono::milliseconds kStopLimit{4500};
constexpr Duration kFinishUplinkThread = std::chrono::milliseconds{200};
/// A start that cannot write sends for so long, and goes on while it still has something to send,
/// before the next one: that may find no better disk.
constexpr std::chrono::seconds kSendAtLeast{30};
constexpr Duration kSendAtMost = std::chrono::hours{1};
constexpr const char* kUsualState = "/var/lib/vitalgate";

void print(std::string_view line) {
    fmt::print(stderr, "vitalgated: {}\n", line);
}

/// Ends the process at once; of what runs in a signal or without memory it does nothing else. A
/// log that nobody reads does not hold it up.
[[noreturn]] void leaveSaying(std::string_view words, ExitStatus status) {
    pollfd log{STDERR_FILENO, POLLOUT, 0};
    if (poll(&log, 1, 0) == 1) {
        [[maybe_unused]] const auto written = write(STDERR_FILENO, words.data(), words.size());
    }
    _exit(static_cast<int>(status));
}

/// What finds no memory cannot go on, and what is half done cannot be trusted.
void leaveWithoutMemory() {
    leaveSaying("vitalgated: no memory is left: starting anew from what is on the disk\n",
                ExitStatus::mustRestart);
}

/// Runs when the clean stop takes too long. What was committed is safe without it.
extern "C" void leaveAtOnce(int) {
    leaveSaying("vitalgated: the stop took too long: left without it\n", ExitStatus::done);
}

void leaveAfter(std::chrono::milliseconds limit) {
    std::signal(SIGALRM, leaveAtOnce);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(limit);
    const itimerval once{{0, 0}, {seconds.count(), (limit - seconds).count() * 1000}};
    setitimer(ITIMER_REAL, &once, nullptr);
}

std::string stateFolder(const DaemonOptions& options) {
    if (options.state) return *options.state;
    // Several folders are separated by colons; ours is the only one.
    const char* given = std::getenv("STATE_DIRECTORY");
    return given != nullptr && *given == '/' ? given : kUsualState;
}

/// The process around the application: signals, the service manager, the end.
class Daemon {
  public:
    Daemon(const Configuration& configuration, std::string path, Folders folders, Log log)
        : configuration_(configuration),
          path_(std::move(path)),
          folders_(std::move(folders)),
          log_(std::move(log)) {}

    /// Only for what goes wrong before anything runs.
    ExitStatus run();

  private:
    void awaitSignal();
    void onSignal(int signal);
    void onHangUp();
    void checkConfiguration();
    void ready();
    void watch();
    void stop(ExitStatus status);
    [[noreturn]] void leave();

    const Configuration& configuration_;
    std::string path_;  ///< of the configuration
    Folders folders_;
    Log log_;
    asio::io_context loop_;
    SystemClock clock_{loop_};
    SystemRandom random_;
    SteadyTime began_ = clock_.steady();
    asio::signal_set signals_{loop_, SIGTERM, SIGINT, SIGHUP};
    uplink::UplinkThread uplinkThread_;
    host::ServiceManager serviceManager_;
    std::unique_ptr<Application> application_;
    Timer watchdog_;
    SteadyTime nextProbe_;
    SteadyTime sendsUntil_;    ///< although only a new start helps
    SteadyTime maySendUntil_;  ///< the same, if there is something to send
    Timer hangUp_;
    std::optional<SteadyTime> lastCheck_;
    bool isCheckDue_ = false;
    ExitStatus status_ = ExitStatus::done;
    bool isStopping_ = false;
};

ExitStatus Daemon::run() {
    awaitSignal();
    const auto& config = configuration_.config;
    Surroundings surroundings{clock_, random_, log_, uplink::pahoTransports(uplinkThread_, clock_),
                              [this, &config](Intake& intake) {
                                  return bluetoothAdapter(config, folders_.credentials, intake,
                                                          clock_, log_);
                              }};
    auto made = Application::make(config, folders_, configuration_.hash, std::move(surroundings));
    if (!made) {
        print(made.error().message);
        return ExitStatus::cannotStart;
    }
    application_ = std::move(*made);
    application_->start([this] { ready(); });
    loop_.run();
    leave();
}

void Daemon::awaitSignal() {
    signals_.async_wait([this](const std::error_code& error, int signal) {
        if (error) return;
        onSignal(signal);
        awaitSignal();
    });
}

void Daemon::onSignal(int signal) {
    if (signal == SIGHUP) return onHangUp();
    stop(ExitStatus::done);
}

/// However many come, the configuration is looked at once a second.
void Daemon::onHangUp() {
    constexpr Duration kCheckEvery = std::chrono::seconds{1};
    if (std::exchange(isCheckDue_, true)) return;
    const auto now = clock_.steady();
    const auto due = lastCheck_ ? std::max(*lastCheck_ + kCheckEvery, now) : now;
    hangUp_ = clock_.after(due - now, [this] {
        isCheckDue_ = false;
        lastCheck_ = clock_.steady();
        checkConfiguration();
    });
}

void Daemon::checkConfiguration() {
    const auto loaded = loadConfiguration(path_, folders_.credentials, clock_.wall());
    if (!loaded) {
        for (const auto& line : loaded.error().lines) log_.error("{}", line);
        return log_.error("the configuration in use stays as it is");
    }
    if (loaded->hash == configuration_.hash) return log_.info("the configuration has not changed");
    log_.warning("a changed configuration is read at the next start: restart the hub");
}

void Daemon::ready() {
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - began_);
    log_.info("{} {}, {}: ready in {} ms", "vitalgated", VITALGATE_VERSION, application_->summary(),
              took.count());
    serviceManager_.ready(application_->summary());
    if (application_->mustRestart() && !application_->isMendedByRestart()) {
        log_.error("what is stored is sent, for {} at least: then the hub starts anew",
                   kSendAtLeast);
        sendsUntil_ = clock_.steady() + kSendAtLeast;
        maySendUntil_ = clock_.steady() + kSendAtMost;
    }
    watch();
}

/// Tells systemd that the loop turns and the store answers, and ends the process when only a new
/// start helps.
void Daemon::watch() {
    constexpr Duration kLookEvery = std::chrono::seconds{1};
    constexpr Duration kUnwatched = std::chrono::seconds{10};
    const auto now = clock_.steady();
    const bool sendsFirst = now < sendsUntil_ || (now < maySendUntil_ && application_->isSending());
    if (application_->mustRestart() && !sendsFirst) {
        log_.error("the store cannot go on: starting anew from what is on the disk");
        return stop(ExitStatus::mustRestart);
    }
    if (now >= nextProbe_) {
        const auto limit = host::ServiceManager::watchdogLimit();
        nextProbe_ = now + (limit ? *limit / 2 : kUnwatched);
        application_->probe([this] { serviceManager_.alive(); });
    }
    watchdog_ = clock_.after(kLookEvery, [this] { watch(); });
}

void Daemon::stop(ExitStatus status) {
    if (isStopping_) return;
    isStopping_ = true;
    status_ = status;
    leaveAfter(kStopLimit);
    serviceManager_.stopping();
    log_.info("stopping");
    watchdog_.cancel();
    if (!application_) leave();
    application_->stop([this] { leave(); });
}

/// Nothing is destroyed: libraries may be in the middle of something, and all that counts is on the
/// disk.
void Daemon::leave() {
    const bool isQuiet = uplinkThread_.finish(kFinishUplinkThread);
    log_.info("stopped{}", isQuiet ? "" : " without waiting for a broker");
    std::_Exit(static_cast<int>(status_));
}

ExitStatus serve(const DaemonOptions& options) {
    std::set_new_handler(leaveWithoutMemory);
    // Whoever reads the log may go: the next line then ends with an error, not with the process.
    std::signal(SIGPIPE, SIG_IGN);
    if (auto done = host::protectProcess(); !done) print(done.error().message);
    if (auto done = crypto::initialise(); !done) {
        print(done.error().message);
        return ExitStatus::cannotStart;
    }
    const Folders folders{stateFolder(options), host::credentialsDirectory()};
    asio::io_context unused;
    const auto now = SystemClock{unused}.wall();
    const auto loaded = loadConfiguration(options.configuration, folders.credentials, now);
    if (!loaded) {
        for (const auto& line : loaded.error().lines) fmt::print(stderr, "{}\n", line);
        if (!loaded.error().mayPass) return ExitStatus::invalidConfiguration;
        print("a file cannot be read at the moment: the next start may be able to");
        return ExitStatus::cannotStart;
    }
    if (options.checkOnly) return ExitStatus::done;
    const auto level = parseLogLevel(loaded->config.log.level).value_or(LogLevel::info);
    const auto log = Log::toStandardError(level, host::standardErrorIsJournal());
    // It lives as long as the process: see leave().
    auto* daemon = new Daemon(*loaded, options.configuration, folders, log);
    return daemon->run();
}

}  // namespace

ExitStatus runDaemon(const DaemonOptions& options) {
    try {
        return serve(options);
    } catch (const std::system_error& error) {
        // The loop, a thread or one of its pipes could not be made.
        print(fmt::format("{}: raise the limits of descriptors and threads", error.what()));
        return ExitStatus::cannotStart;
    }
}

}  // namespace vitalgate::app
