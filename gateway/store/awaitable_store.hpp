#pragma once

#include <asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "gateway/runtime/answer.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::store {

/// The functions of Store for coroutines. Store and clock must outlive the wait. After
/// ErrorKind::timedOut the call may still be carried out: to repeat it is safe for rows with an id
/// and for commands, which are known again.

inline asio::awaitable<Result<Appended>> append(Store& store, Clock& clock,
                                                std::vector<NewRow> rows,
                                                std::vector<BookmarkChange> bookmarks,
                                                Duration limit) {
    Answer<Appended> answer;
    store.append(std::move(rows), std::move(bookmarks),
                 [answer](Result<Appended> result) { answer.set(std::move(result)); });
    auto result = co_await answer.wait(clock, limit);
    co_return result;
}

inline asio::awaitable<Result<std::vector<BookmarkChange>>> loadBookmarks(Store& store,
                                                                          Clock& clock,
                                                                          std::string deviceKey,
                                                                          Duration limit) {
    Answer<std::vector<BookmarkChange>> answer;
    store.loadBookmarks(std::move(deviceKey), [answer](Result<std::vector<BookmarkChange>> result) {
        answer.set(std::move(result));
    });
    auto result = co_await answer.wait(clock, limit);
    co_return result;
}

inline asio::awaitable<Result<std::optional<CommandEntry>>> beginCommand(Store& store, Clock& clock,
                                                                         CommandEntry entry,
                                                                         Duration limit) {
    Answer<std::optional<CommandEntry>> answer;
    store.beginCommand(std::move(entry), [answer](Result<std::optional<CommandEntry>> result) {
        answer.set(std::move(result));
    });
    auto result = co_await answer.wait(clock, limit);
    co_return result;
}

inline asio::awaitable<Result<Appended>> finishCommand(Store& store, Clock& clock,
                                                       CommandEntry entry, NewRow row,
                                                       Duration limit) {
    Answer<Appended> answer;
    store.finishCommand(std::move(entry), std::move(row),
                        [answer](Result<Appended> result) { answer.set(std::move(result)); });
    auto result = co_await answer.wait(clock, limit);
    co_return result;
}

}  // namespace vitalgate::store
