#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "gateway/base/error.hpp"

namespace vitalgate::config {

constexpr std::size_t kMaximumFileBytes = 1024 * 1024;
constexpr int kMaximumDepth = 32;  ///< lists and maps inside each other

/// Where something stands in a file; line and column from 1, columns in characters. Line 0: the
/// file as a whole.
struct Place {
    std::shared_ptr<const std::string> file;
    std::size_t line = 0;
    std::size_t column = 0;
};

/// Collects everything that is wrong, so that a person corrects it in one go. Only the first
/// kMaximumProblems are kept.
class Problems {
  public:
    static constexpr std::size_t kMaximumProblems = 500;

    /// `path` is the dotted key that the sentence is about ("devices.cuff"); empty for the file.
    void add(const Place& place, std::string_view path, std::string_view sentence);
    /// The same for what was found out about a file.
    void add(const Place& place, std::string_view path, const Error& error);

    /// Whether one of them is a file that cannot be read at the moment (ErrorKind::unavailable):
    /// that passes by itself, and what else is wrong may come of it.
    [[nodiscard]] bool mayPass() const { return mayPass_; }
    [[nodiscard]] bool empty() const { return list_.empty(); }
    [[nodiscard]] std::size_t size() const { return list_.size(); }
    /// "vitalgate.yaml:7:5: devices.cuff: unknown key …", sorted by place: files in the order in
    /// which they were first named here or by noteFile, then line and column.
    [[nodiscard]] std::vector<std::string> lines() const;

    /// Gives a file its rank among others before any problem in it is known.
    void noteFile(const std::string& file);

  private:
    struct Problem {
        Place place;
        std::string path;
        std::string sentence;
    };
    [[nodiscard]] std::size_t rank(const Place& place) const;

    std::vector<Problem> list_;
    std::vector<std::string> files_;
    bool mayPass_ = false;
};

enum class NodeKind { null, scalar, list, map };

/// One value of a file: a null ("", "~", "null"), a scalar with its text, a list or a map.
struct Node {
    struct Entry;

    NodeKind kind = NodeKind::null;
    std::string text;            ///< of a scalar
    bool quoted = false;         ///< a scalar in quotes or a block is text, whatever it looks like
    Place place;                 ///< its first character; of an absent value, its key
    std::vector<Node> items;     ///< of a list
    std::vector<Entry> entries;  ///< of a map, in the order of the file, each key once

    /// The value of a key of this map; null if there is none.
    [[nodiscard]] const Node* find(std::string_view key) const;
    [[nodiscard]] bool isMap() const { return kind == NodeKind::map; }
    [[nodiscard]] bool isList() const { return kind == NodeKind::list; }
    [[nodiscard]] bool isScalar() const { return kind == NodeKind::scalar; }
};

struct Node::Entry {
    std::string key;
    Place place;  ///< of the key
    Node value;
};

/// "a text", "a list", "a map" or "nothing", for sentences.
std::string_view describe(NodeKind kind);

/// Reads one YAML document (block or flow style, comments, quotes). What yaml-cpp would let pass is
/// a problem here: a key given twice (both places named), anchors, aliases and tags, more than one
/// document, tabs in the indentation, quotes that never close, text that is not UTF-8, control
/// characters, more than kMaximumFileBytes or kMaximumDepth. `file` is only for messages.
/// Nothing: the text could not be read at all; an empty text gives a null node.
std::optional<Node> parseYaml(std::string_view text, const std::string& file, Problems& problems);

/// "cannot be read: …" for what the file system says.
Error unreadable(const std::error_code& error);

/// The same for a regular file; `path` is shown in messages as it is given.
std::optional<Node> readYaml(const std::filesystem::path& path, Problems& problems);

}  // namespace vitalgate::config
