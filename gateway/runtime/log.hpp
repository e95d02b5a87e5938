#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/error.hpp"

namespace vitalgate {

/// error: the operator must act. warning: something is wrong, the hub copes. info: a change of
/// state. debug: each step of a conversation. No level ever carries a health value, an address, a
/// name of a person or a credential.
enum class LogLevel { error, warning, info, debug };

Result<LogLevel> parseLogLevel(std::string_view word);

/// Where lines go: one for the process, made in main, given to whoever logs. Lines on standard
/// error carry the priority prefix that journald understands (<3>…<7>) when asked for.
class LogSink;

/// A part's own view of the log: "uplink care: connected". Cheap to copy.
class Log {
  public:
    /// Writes nothing: for tests that do not look.
    Log() = default;
    /// To standard error. `journal` puts the priority in front of each line. Never waits for a
    /// reader: what finds no room is left out and counted, and a line ends after 4000 octets.
    static Log toStandardError(LogLevel level, bool journal);
    /// To a function, one call a line: for tests that look.
    static Log toFunction(LogLevel level, std::function<void(LogLevel, std::string_view)> write);

    /// The same log with "subject: " in front of each line, below the subject it already has.
    [[nodiscard]] Log part(std::string_view subject) const;
    void setLevel(LogLevel level) const;  ///< for all parts of the process

    template <class... Args>
    void error(fmt::format_string<Args...> format, Args&&... args) const {
        write(LogLevel::error, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void warning(fmt::format_string<Args...> format, Args&&... args) const {
        write(LogLevel::warning, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void info(fmt::format_string<Args...> format, Args&&... args) const {
        write(LogLevel::info, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void debug(fmt::format_string<Args...> format, Args&&... args) const {
        write(LogLevel::debug, format, std::forward<Args>(args)...);
    }

  private:
    [[nodiscard]] bool isOn(LogLevel level) const;
    void line(LogLevel level, std::string_view text) const;
    template <class... Args>
    void write(LogLevel level, fmt::format_string<Args...> format, Args&&... args) const {
        if (isOn(level)) line(level, fmt::format(format, std::forward<Args>(args)...));
    }

    std::shared_ptr<LogSink> sink_;
    std::string subject_;
};

}  // namespace vitalgate
