#pragma once

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "gateway/base/error.hpp"
#include "gateway/runtime/clock.hpp"

namespace vitalgate {

/// One answer that somebody waits for: the only kind of wait in this program. Copies share the
/// answer. Whoever gives it calls set(); whoever waits calls wait() once, with a limit, and gets
/// the first of: the answer, or ErrorKind::timedOut. The waiter resumes from the loop, never from
/// inside set(). All on the loop's thread. T is default-constructible (asio::awaitable needs it).
/// The waiting coroutine belongs to the clock: it is dropped with it, and a later set() does
/// nothing.
template <class T>
class Answer {
  public:
    Answer() : state_(std::make_shared<State>()) {}

    /// The first call counts, all later ones are ignored.
    void set(Result<T> result) const {
        if (state_->given) return;
        state_->given = true;
        if (state_->resume) {
            std::exchange(state_->resume, nullptr)(std::move(result));
        } else {
            state_->early = std::move(result);
        }
        // Last: the timer owns the waiter.
        state_->timer.cancel();
    }

    [[nodiscard]] bool isGiven() const { return state_->given; }

    asio::awaitable<Result<T>> wait(Clock& clock, Duration limit) const {
        auto initiate = [state = state_, &clock, limit](auto handler) {
            begin(state, clock, limit, std::move(handler));
        };
        auto result =
            co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(Result<T>)>(
                initiate, asio::use_awaitable);
        co_return result;
    }

  private:
    struct State {
        bool given = false;
        std::optional<Result<T>> early;  ///< given before anybody waited
        std::function<void(Result<T>)> resume;
        Timer timer;
    };

    explicit Answer(std::shared_ptr<State> state) : state_(std::move(state)) {}

    template <class Handler>
    static void begin(const std::shared_ptr<State>& state, Clock& clock, Duration limit,
                      Handler handler) {
        // std::function wants copies, a completion handler cannot be copied.
        auto waiter = std::make_shared<Handler>(std::move(handler));
        // Weak: the waiting coroutine holds this answer, and a ring would never be freed.
        auto resume = [weak = std::weak_ptr(waiter), loop = clock.loop()](Result<T> result) {
            auto held = weak.lock();
            if (!held) return;
            asio::post(loop, [held, result = std::move(result)]() mutable {
                auto once = std::move(*held);
                once(std::move(result));
            });
        };
        if (state->early) {
            resume(std::move(*state->early));
            return;
        }
        state->resume = std::move(resume);
        state->timer = clock.after(limit, [waiter, limit, weak = std::weak_ptr(state)] {
            auto live = weak.lock();
            if (!live) return;
            Answer(live).set(
                fail(ErrorKind::timedOut, "no answer within {}", formatDuration(limit)));
        });
    }

    std::shared_ptr<State> state_;
};

/// A bounded queue with one reader. What arrives above the limit is refused, and the writer is
/// told.
template <class T>
class Inbox {
  public:
    explicit Inbox(std::size_t limit) : limit_(limit) {}

    /// False if the queue is full or closed: the value was not taken.
    [[nodiscard]] bool push(T value) {
        if (end_ || values_.size() >= limit_) return false;
        // A wait that has timed out and not yet resumed takes nothing any more.
        if (waiting_ && !waiting_->isGiven()) {
            isHandedOver_ = true;
            std::exchange(waiting_, std::nullopt)->set(std::move(value));
        } else {
            values_.push_back(std::move(value));
        }
        return true;
    }

    /// What is queued is still given out, then every next() gives `why`.
    void close(Error why) {
        if (end_) return;
        end_ = std::move(why);
        if (waiting_) std::exchange(waiting_, std::nullopt)->set(std::unexpected(*end_));
    }

    /// Ends a next() under way as if its limit had passed; nothing if there is none.
    void interrupt() {
        if (!waiting_) return;
        std::exchange(waiting_, std::nullopt)->set(fail(ErrorKind::timedOut, "interrupted"));
    }

    /// The next value in order of arrival, ErrorKind::timedOut, or why the queue was closed. One
    /// caller at a time; the inbox must outlive the wait.
    asio::awaitable<Result<T>> next(Clock& clock, Duration limit) {
        Answer<T> answer;
        if (!values_.empty()) {
            isHandedOver_ = true;
            answer.set(std::move(values_.front()));
            values_.pop_front();
        } else if (end_) {
            answer.set(std::unexpected(*end_));
        } else {
            waiting_ = answer;
        }
        auto result = co_await answer.wait(clock, limit);
        isHandedOver_ = false;
        if (!result && result.error().kind == ErrorKind::timedOut) waiting_.reset();
        co_return result;
    }

    [[nodiscard]] std::size_t size() const { return values_.size(); }
    /// What the reader does not have yet, that which is on its way to it too.
    [[nodiscard]] std::size_t unread() const { return values_.size() + (isHandedOver_ ? 1 : 0); }

  private:
    std::size_t limit_;
    std::deque<T> values_;
    std::optional<Error> end_;
    std::optional<Answer<T>> waiting_;
    bool isHandedOver_ = false;
};

}  // namespace vitalgate
