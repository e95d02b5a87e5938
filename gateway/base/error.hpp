#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace vitalgate {

/// What the caller can do about an error; the sentence says the rest.
enum class ErrorKind {
    internal,        ///< our mistake: report it
    invalid,         ///< what a person wrote is wrong: correct it
    malformed,       ///< bytes from outside do not follow their format: refuse them
    unsupported,     ///< the other side cannot do this: do without
    refused,         ///< the other side said no: do not repeat unchanged
    authentication,  ///< the link or the credentials are not good enough: pair or correct them
    unavailable,     ///< not there now: try again later
    timedOut,        ///< no answer within the limit
    disconnected,    ///< the connection ended while waiting
    cancelled,       ///< our side stopped it
    full,            ///< a limit is reached
    damaged,         ///< stored data do not pass their check
    notFound,        ///< no such thing
};

/// A kind and a sentence a user can act on. Each level that passes an error on puts its subject in
/// front: `device cuff: read device information: no answer within 5 s`.
struct Error {
    ErrorKind kind = ErrorKind::internal;
    std::string message;

    /// The same error with "subject: " in front.
    [[nodiscard]] Error in(std::string_view subject) const {
        return {kind, fmt::format("{}: {}", subject, message)};
    }
    bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

/// An error to return from a function that gives a Result:
/// `return fail(ErrorKind::invalid, "{} has no unit", text);`
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(ErrorKind kind, fmt::format_string<Args...> format,
                                          Args&&... args) {
    return std::unexpected(Error{kind, fmt::format(format, std::forward<Args>(args)...)});
}

/// Passes the error of `result` on with a subject in front.
template <class T>
[[nodiscard]] std::unexpected<Error> failIn(std::string_view subject, const Result<T>& result) {
    return std::unexpected(result.error().in(subject));
}

}  // namespace vitalgate
