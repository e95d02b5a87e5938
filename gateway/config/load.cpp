#include <algorithm>

#include "gateway/config/checks.hpp"
#include "gateway/config/config.hpp"
#include "gateway/config/key_table.hpp"

namespace vitalgate::config {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaximumFiles = 64;  ///< in conf.d

/// Adds the keys of `added` to `base`; two maps under the same key are merged likewise.
void merge(Node& base, Node added, const std::string& path, Problems& problems) {
    for (auto& entry : added.entries) {
        const auto same = std::ranges::find(base.entries, entry.key, &Node::Entry::key);
        if (same == base.entries.end()) {
            base.entries.push_back(std::move(entry));
        } else if (same->value.isMap() && entry.value.isMap()) {
            merge(same->value, std::move(entry.value), below(path, entry.key), problems);
        } else {
            problems.add(entry.place, below(path, entry.key),
                         fmt::format("stands twice; the first is at {}:{}:{}", *same->place.file,
                                     same->place.line, same->place.column));
        }
    }
}

/// False, with the problem added, if the top of a file is no map. An empty file is one.
bool isMapOfKeys(Node& root, Problems& problems) {
    if (root.kind == NodeKind::null) root.kind = NodeKind::map;
    if (root.isMap()) return true;
    problems.add(root.place, "", fmt::format("must be a map of keys, not {}", describe(root.kind)));
    return false;
}

/// conf.d/*.yaml beside the file, by name.
std::vector<fs::path> filesBeside(const fs::path& path, Problems& problems) {
    const auto folder = path.parent_path() / "conf.d";
    std::vector<fs::path> files;
    const Place whole{std::make_shared<const std::string>(folder.string()), 0, 0};
    std::error_code error;
    const auto type = fs::status(folder, error).type();
    if (type == fs::file_type::not_found || (!error && type != fs::file_type::directory)) {
        return files;
    }
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (at->path().extension() == ".yaml") files.push_back(at->path());
    }
    if (error) problems.add(whole, "", unreadable(error));
    if (files.size() > kMaximumFiles) {
        problems.add(whole, "", fmt::format("has more than {} files", kMaximumFiles));
        files.clear();
    }
    std::ranges::sort(files);
    return files;
}

LoadResult build(const Node& root, Problems problems, const LoadOptions& options) {
    Reader reader(problems, options);
    Config config;
    readConfig(root, config, reader);
    completeAndCheck(root, config, reader);
    if (!problems.empty()) return std::unexpected(std::move(problems));
    return config;
}

LoadResult refuseEmpty(const Node& root, Problems problems) {
    problems.add({root.place.file, 0, 0}, "",
                 "is empty; it needs at least hub, uplinks, devices and commands");
    return std::unexpected(std::move(problems));
}

}  // namespace

LoadResult load(const fs::path& path, const LoadOptions& options) {
    Problems problems;
    auto root = readYaml(path, problems);
    if (!root || !isMapOfKeys(*root, problems)) return std::unexpected(std::move(problems));
    for (const auto& file : filesBeside(path, problems)) {
        auto added = readYaml(file, problems);
        if (added && isMapOfKeys(*added, problems)) merge(*root, std::move(*added), "", problems);
    }
    if (root->entries.empty()) return refuseEmpty(*root, std::move(problems));
    return build(*root, std::move(problems), options);
}

LoadResult loadText(std::string_view text, const std::string& name, const LoadOptions& options) {
    Problems problems;
    auto root = parseYaml(text, name, problems);
    if (!root || !isMapOfKeys(*root, problems)) return std::unexpected(std::move(problems));
    if (root->entries.empty()) return refuseEmpty(*root, std::move(problems));
    return build(*root, std::move(problems), options);
}

std::string defaultHubId(std::string_view machineId) {
    std::uint32_t hash = 2166136261U;
    const auto add = [&](std::string_view text) {
        for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    };
    add("vitalgate:");
    add(machineId);
    return fmt::format("hub-{:08x}", hash);
}

}  // namespace vitalgate::config
