#include "gateway/config/yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <span>
#include <sstream>
#include <system_error>
#include <unordered_map>

#include "gateway/base/file_system.hpp"
#include "gateway/config/source_text.hpp"

namespace vitalgate::config {

namespace {

/// Ends the parse from inside a handler; the problem has been added.
struct Stop {};

std::string below(std::string_view path, std::string_view key) {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

/// Builds the tree from yaml-cpp's events, so that the limits hold while it is read.
class Builder final : public YAML::EventHandler {
  public:
    Builder(const SourceText& source, Problems& problems) : source_(source), problems_(problems) {}

    [[nodiscard]] Node takeRoot() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ > 0) refuse(mark, "a second document; one file holds one document");
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        checkExtras(mark, "?", anchor);
        if (!frames_.empty() && expectsKey()) refuse(mark, "a key must be a text");
        Node node;
        node.place = frames_.empty() || !frames_.back().map ? at(mark) : frames_.back().keyPlace;
        add(std::move(node));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        refuse(mark, "anchors and aliases (& and *) are not allowed; write the value out");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        checkExtras(mark, tag, anchor);
        if (!source_.quoteCloses(line(mark), column(mark))) refuse(mark, "the quote never closes");
        if (!frames_.empty() && expectsKey()) return startEntry(mark, value);
        Node node;
        node.kind = NodeKind::scalar;
        node.text = value;
        node.quoted = tag == "!";
        node.place = at(mark);
        add(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, NodeKind::list);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, NodeKind::map);
    }
    void OnMapEnd() override { close(); }

  private:
    struct Frame {
        Node node;
        std::string path;
        std::unordered_map<std::string, std::size_t> index;  ///< of the entries, by key
        bool map = false;
        bool hasKey = false;
        std::string key;
        Place keyPlace;
    };

    static std::size_t line(const YAML::Mark& mark) { return static_cast<std::size_t>(mark.line); }
    static std::size_t column(const YAML::Mark& mark) {
        return static_cast<std::size_t>(mark.column);
    }
    [[nodiscard]] Place at(const YAML::Mark& mark) const {
        return source_.place(line(mark), column(mark));
    }
    [[nodiscard]] bool expectsKey() const { return frames_.back().map && !frames_.back().hasKey; }
    [[nodiscard]] std::string path() const {
        if (frames_.empty()) return "";
        const auto& frame = frames_.back();
        return frame.hasKey ? below(frame.path, frame.key) : frame.path;
    }

    [[noreturn]] void refuse(const YAML::Mark& mark, std::string_view sentence) {
        problems_.add(at(mark), path(), sentence);
        throw Stop{};
    }

    void checkExtras(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        if (anchor != 0) {
            refuse(mark, "anchors and aliases (& and *) are not allowed; write the value out");
        }
        if (!tag.empty() && tag != "?" && tag != "!") {
            refuse(mark, "tags (!) are not allowed; write the plain value");
        }
    }

    void startEntry(const YAML::Mark& mark, const std::string& key) {
        auto& frame = frames_.back();
        frame.hasKey = true;
        frame.key = key;
        frame.keyPlace = at(mark);
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
              NodeKind kind) {
        checkExtras(mark, tag, anchor);
        if (!frames_.empty() && expectsKey()) refuse(mark, "a key must be a text");
        if (frames_.size() >= static_cast<std::size_t>(kMaximumDepth)) {
            refuse(mark, fmt::format("deeper than {} levels", kMaximumDepth));
        }
        Frame frame;
        frame.node.kind = kind;
        frame.node.place = at(mark);
        frame.map = kind == NodeKind::map;
        frame.path = path();
        frames_.push_back(std::move(frame));
    }

    void close() {
        auto node = std::move(frames_.back().node);
        frames_.pop_back();
        add(std::move(node));
    }

    void add(Node node) {
        if (frames_.empty()) {
            root_ = std::move(node);
            return;
        }
        auto& frame = frames_.back();
        if (!frame.map) {
            frame.node.items.push_back(std::move(node));
            return;
        }
        frame.hasKey = false;
        addEntry(frame, std::move(node));
    }

    void addEntry(Frame& frame, Node value) {
        auto& entries = frame.node.entries;
        const auto [known, isNew] = frame.index.try_emplace(frame.key, entries.size());
        if (isNew) {
            entries.push_back({frame.key, frame.keyPlace, std::move(value)});
            return;
        }
        const auto& first = entries[known->second].place;
        problems_.add(frame.keyPlace, below(frame.path, frame.key),
                      fmt::format("stands twice; the first is at {}:{}:{}", *first.file, first.line,
                                  first.column));
    }

    const SourceText& source_;
    Problems& problems_;
    std::vector<Frame> frames_;
    Node root_;
    int documents_ = 0;
};

std::optional<std::string> readText(const std::filesystem::path& path, Problems& problems) {
    const Place whole{std::make_shared<const std::string>(path.string()), 0, 0};
    const auto refuse = [&](const auto& why) {
        problems.add(whole, "", why);
        return std::nullopt;
    };
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) return refuse("no such file");
    if (error) return refuse(unreadable(error));
    if (!std::filesystem::is_regular_file(status)) return refuse("not a regular file");
    std::string text(kMaximumFileBytes + 1, '\0');
    const auto size = readFile(path.string(), std::as_writable_bytes(std::span(text)));
    if (!size) return refuse(size.error());
    text.resize(*size);
    return text;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    for (const auto& entry : entries) {
        if (entry.key == key) return &entry.value;
    }
    return nullptr;
}

std::string_view describe(NodeKind kind) {
    switch (kind) {
        case NodeKind::null:
            return "nothing";
        case NodeKind::scalar:
            return "a text";
        case NodeKind::list:
            return "a list";
        case NodeKind::map:
            return "a map";
    }
    return "nothing";
}

std::optional<Node> parseYaml(std::string_view text, const std::string& file, Problems& problems) {
    problems.noteFile(file);
    const SourceText source(text, file);
    if (text.size() > kMaximumFileBytes) {
        problems.add(source.whole(), "", "larger than 1 MiB");
        return std::nullopt;
    }
    if (!source.check(problems)) return std::nullopt;
    Builder builder(source, problems);
    try {
        std::istringstream stream{std::string(source.text())};
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Stop&) {
        return std::nullopt;
    } catch (const YAML::Exception& error) {
        const bool marked = !error.mark.is_null();
        const auto place = marked ? source.place(static_cast<std::size_t>(error.mark.line),
                                                 static_cast<std::size_t>(error.mark.column))
                                  : source.whole();
        problems.add(place, "", fmt::format("not valid YAML: {}", error.msg));
        return std::nullopt;
    }
    auto root = builder.takeRoot();
    if (!root.place.file) root.place = source.place(0, 0);
    return root;
}

Error unreadable(const std::error_code& error) {
    return {kindOfReadErrno(error.value()), fmt::format("cannot be read: {}", error.message())};
}

std::optional<Node> readYaml(const std::filesystem::path& path, Problems& problems) {
    const auto text = readText(path, problems);
    if (!text) return std::nullopt;
    return parseYaml(*text, path.string(), problems);
}

}  // namespace vitalgate::config
