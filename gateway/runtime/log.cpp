#include "gateway/runtime/log.hpp"

#include <poll.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>

namespace vitalgate {
namespace {

struct LevelName {
    LogLevel level;
    std::string_view word;
    std::string_view priority;  ///< sd-daemon(3): what journald reads from the start of a line
    spdlog::level::level_enum spdlog;
};
constexpr std::array kLevels{
    LevelName{LogLevel::error, "error", "<3>", spdlog::level::err},
    LevelName{LogLevel::warning, "warning", "<4>", spdlog::level::warn},
    LevelName{LogLevel::info, "info", "<6>", spdlog::level::info},
    LevelName{LogLevel::debug, "debug", "<7>", spdlog::level::debug},
};

const LevelName& nameOf(LogLevel level) {
    return kLevels.at(static_cast<std::size_t>(level));
}

/// Text from outside must not be able to begin a line of its own.
std::string oneLine(std::string text) {
    for (char& c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x20 || octet == 0x7f) c = ' ';
    }
    return text;
}

/// Standard error, line by line. A reader that has stopped must not hold up the hub: what finds no
/// room is left out, and counted.
class StandardError {
  public:
    explicit StandardError(bool journal) : journal_(journal) {
        // Which lines are written is decided by LogSink.
        logger_.set_level(spdlog::level::trace);
        logger_.set_pattern(journal ? "%v" : "%Y-%m-%dT%H:%M:%S.%eZ %l: %v",
                            spdlog::pattern_time_type::utc);
    }

    void write(LogLevel level, std::string_view text) {
        const std::lock_guard lock(mutex_);
        if (leftOut_ > 0 && hasRoom()) {
            const auto lines = std::exchange(leftOut_, 0);
            put(LogLevel::warning,
                fmt::format("{} lines were left out here: nobody read them", lines));
        }
        if (leftOut_ > 0 || !hasRoom()) {
            ++leftOut_;
        } else {
            put(level, text.substr(0, kLongest));
        }
    }

  private:
    /// With its time and its end within the 4096 octets (PIPE_BUF) that a pipe with room takes at
    /// once.
    static constexpr std::size_t kLongest = 4000;

    /// Also if there is nothing at all: then the write ends with an error at once.
    static bool hasRoom() {
        pollfd out{STDERR_FILENO, POLLOUT, 0};
        return poll(&out, 1, 0) > 0;
    }
    void put(LogLevel level, std::string_view text) {
        const auto& name = nameOf(level);
        logger_.log(name.spdlog, "{}{}", journal_ ? name.priority : "", text);
    }

    std::mutex mutex_;
    spdlog::logger logger_{"vitalgate", std::make_shared<spdlog::sinks::stderr_sink_st>()};
    bool journal_;
    std::uint64_t leftOut_ = 0;
};

}  // namespace

class LogSink {
  public:
    using Write = std::function<void(LogLevel, std::string_view)>;
    LogSink(LogLevel level, Write write) : level_(level), write_(std::move(write)) {}

    [[nodiscard]] bool isOn(LogLevel level) const { return level <= level_.load(); }
    void setLevel(LogLevel level) { level_ = level; }
    void write(LogLevel level, std::string_view text) const { write_(level, text); }

  private:
    std::atomic<LogLevel> level_;
    Write write_;
};

Result<LogLevel> parseLogLevel(std::string_view word) {
    for (const auto& name : kLevels) {
        if (name.word == word) return name.level;
    }
    return fail(ErrorKind::invalid,
                "\"{}\" is not a log level; write error, warning, info or debug", word);
}

Log Log::toStandardError(LogLevel level, bool journal) {
    auto write = [out = std::make_shared<StandardError>(journal)](
                     LogLevel lineLevel, std::string_view text) { out->write(lineLevel, text); };
    return toFunction(level, std::move(write));
}

Log Log::toFunction(LogLevel level, std::function<void(LogLevel, std::string_view)> write) {
    Log log;
    log.sink_ = std::make_shared<LogSink>(level, std::move(write));
    return log;
}

Log Log::part(std::string_view subject) const {
    Log log = *this;
    log.subject_ = fmt::format("{}{}: ", subject_, subject);
    return log;
}

void Log::setLevel(LogLevel level) const {
    if (sink_) sink_->setLevel(level);
}

bool Log::isOn(LogLevel level) const {
    return sink_ && sink_->isOn(level);
}

void Log::line(LogLevel level, std::string_view text) const {
    sink_->write(level, oneLine(subject_ + std::string(text)));
}

}  // namespace vitalgate
