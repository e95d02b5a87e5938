#include "gateway/config/suggestion.hpp"

#include <algorithm>
#include <numeric>

namespace vitalgate::config {

namespace {

/// Optimal string alignment distance.
std::size_t changes(std::string_view a, std::string_view b) {
    std::vector<std::size_t> beforeLast;
    std::vector<std::size_t> last(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::vector<std::size_t> row{i};
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row.push_back(std::min({replaced, last[j] + 1, row[j - 1] + 1}));
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], beforeLast[j - 2] + 1);
        }
        beforeLast = std::exchange(last, std::move(row));
    }
    return last.back();
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string_view>& known) {
    constexpr std::size_t kLongestWord = 64;
    if (word.size() > kLongestWord) return "";
    std::string best;
    std::size_t fewest = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto candidate : known) {
        const auto count = changes(word, candidate);
        if (count < fewest && count < candidate.size()) {
            fewest = count;
            best = candidate;
        }
    }
    return best;
}

}  // namespace vitalgate::config
