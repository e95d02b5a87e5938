#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/config.hpp"
#include "gateway/config/reference.hpp"

namespace vitalgate::config {

/// What a text must look like.
enum class Form {
    text,  ///< without control characters; `most` characters, 120 if not said
    word,  ///< one of `choices`
    identifier,
    path,    ///< absolute
    caPath,  ///< absolute, or "system"
    zone,
    host,
    root,  ///< topic prefix with {hub}
    bus,
    adapter,  ///< hci0, or an address
    publicKey,
    key,  ///< of a secret: 32 octets, not a text
};

/// A row of the key table, without its binding.
struct KeyInfo {
    std::string_view name;
    std::string_view standard = {};   ///< the default, as a person would write it
    std::string_view otherwise = {};  ///< what applies instead where there is no fixed default
    std::string_view example = {};    ///< shown where there is no fixed default
    std::string_view least = {};      ///< as a person would write it; of a map: of its keys
    std::string_view most = {};       ///< likewise; of a list, map or text: how many at most
    std::string_view help = {};
    std::string_view choices = {};      ///< words with spaces between
    std::string_view placeholder = {};  ///< "<id>": the name of a section in a map of sections
    Form form = Form::text;
    bool required = false;
};

std::string below(std::string_view path, std::string_view key);

/// What reading needs beside the nodes: where problems go, and the options.
class Reader {
  public:
    Reader(Problems& problems, const LoadOptions& options)
        : problems_(problems), options_(options) {}

    void wrong(const Node& node, std::string_view path, std::string_view sentence) {
        problems_.add(node.place, path, sentence);
    }
    void wrong(const Node& node, std::string_view path, const Error& error) {
        problems_.add(node.place, path, error);
    }
    /// Adds a problem with a suggestion for each key of the map that is not in `known`.
    void refuseUnknown(const Node& node, std::string_view path,
                       const std::vector<std::string_view>& known);
    /// False, with the problem added, if it is no map, has too many entries, or a key of it is no
    /// identifier.
    bool isMapOfNames(const Node& node, const KeyInfo& info, std::string_view path);

    /// True if an unknown key of that map probably means this one.
    [[nodiscard]] bool isMeant(const Node& node, std::string_view key) const {
        return meant_.contains({&node, std::string(key)});
    }

    [[nodiscard]] const LoadOptions& options() const { return options_; }
    [[nodiscard]] Problems& problems() { return problems_; }

  private:
    Problems& problems_;
    const LoadOptions& options_;
    std::set<std::pair<const Node*, std::string>> meant_;
};

/// The default of a row as a node.
Node standardNode(const KeyInfo& info, const Place& place);

KeyHelp keyHelp(const KeyInfo& info, const std::string& key, std::string type);

/// How members of one type are read; instantiated in value_reader.cpp for each type there is.
template <class T>
struct ValueReader {
    /// Converts the node and checks its range; adds a problem if it cannot, and the value stays as
    /// it was.
    static void read(const Node& node, const KeyInfo& info, const std::string& path, T& value,
                     Reader& reader);
    /// "duration", "one of: auto, public, random": the type as the reference names it.
    static std::string typeWord(const KeyInfo& info);
    /// "write for example 30d (1h to 400d)".
    static std::string hint(const KeyInfo& info);
};

}  // namespace vitalgate::config
