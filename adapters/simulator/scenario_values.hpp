#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/simulator/scenario.hpp"
#include "gateway/config/yaml.hpp"

namespace vitalgate::simulator {

/// "250ms", "5s", "2m", "12h", "30d", "16y" (365.25 days), with an optional sign.
Result<Duration> parseSpan(std::string_view text);
/// "128", "-0.5", "118..142", "36.4..37.2", "nan", "nres", "inf", "-inf".
Result<NumberRange> parseRange(std::string_view text);
/// "-62dBm", -120 to 20.
Result<int> parseSignal(std::string_view text);
/// Parts per million: "20ppm", "-3.5ppm".
Result<double> parsePpm(std::string_view text);
/// Whole, decimal or with 0x in front, within the limits.
Result<std::int64_t> parseInteger(std::string_view text, std::int64_t low, std::int64_t high);
/// The same as a number of the type that is asked for, which holds the limits.
template <class Number = std::int64_t>
Result<Number> parseWhole(std::string_view text, std::int64_t low, std::int64_t high) {
    const auto number = parseInteger(text, low, high);
    if (!number) return std::unexpected(number.error());
    return static_cast<Number>(*number);
}
Result<bool> parseYesNo(std::string_view text);

/// One map of a scenario: gives its keys one after the other, and collects what is wrong with them.
/// A key that nobody asked for is unknown: done() says so.
class MapReader {
  public:
    /// `node` and `problems` must outlive this. A node that is no map is a problem.
    MapReader(const config::Node& node, std::string path, config::Problems& problems);

    /// The value of a key; null if it is not there. Counts the key as known.
    const config::Node* take(std::string_view key);

    /// Parses a scalar into `out`, if the key is there: `parse(text)` gives a Result.
    template <class Out, class Parse>
    bool read(std::string_view key, Out& out, const Parse& parse) {
        const auto* node = take(key);
        if (!node) return false;
        if (!node->isScalar()) {
            problem(*node, key, "must be a single value");
            return false;
        }
        auto value = parse(node->text);
        if (!value) {
            problem(*node, key, value.error().message);
            return false;
        }
        out = std::move(*value);
        return true;
    }
    /// The same for each of a list, or for a single value that stands for a list of one.
    void each(std::string_view key, const std::function<Status(std::string_view)>& parse);
    /// One entry after the other of a map below this one.
    void entries(std::string_view key,
                 const std::function<void(const config::Node::Entry&, std::string path)>& read);
    /// The map at `key` as a reader; nothing if the key is not there.
    std::optional<MapReader> below(std::string_view key);

    void problem(const config::Node& at, std::string_view key, std::string_view sentence);
    void missing(std::string_view key, std::string_view sentence);
    /// Names every key that was not taken. Call it last.
    void done();

    [[nodiscard]] const config::Node& node() const { return node_; }
    [[nodiscard]] config::Problems& problems() const { return problems_; }
    [[nodiscard]] std::string pathOf(std::string_view key) const;

  private:
    const config::Node& node_;
    std::string path_;
    config::Problems& problems_;
    std::vector<std::string> known_;
};

/// Reads text as it is, for MapReader::read.
inline Result<std::string> plainText(std::string_view text) {
    return std::string(text);
}

/// One of `words`, as its place in the list.
Result<std::size_t> parseWord(std::string_view text, std::initializer_list<std::string_view> words);

}  // namespace vitalgate::simulator
