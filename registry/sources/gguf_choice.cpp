#include "registry/sources/gguf_choice.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

namespace quern::registry::sources {
namespace {

constexpr std::size_t kMaxShown = 12;  // names in a message

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::optional<std::uint32_t> five_digits(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.size() != 5 || code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Takes "-00001-of-00003" off the end of the stem.
void read_shard(GgufName& name) {
  constexpr std::size_t kLength = 15;
  if (name.stem.size() <= kLength) return;
  const std::string_view tail = std::string_view(name.stem).substr(name.stem.size() - kLength);
  if (tail[0] != '-' || tail.substr(6, 4) != "-of-") return;
  const auto shard = five_digits(tail.substr(1, 5)), n_shards = five_digits(tail.substr(10, 5));
  if (!shard || !n_shards) return;
  name.shard = *shard;
  name.n_shards = *n_shards;
  name.stem.resize(name.stem.size() - kLength);
}

// One token type or mix, such as Q4_K_M, IQ2_XXS, BF16, MXFP4: begins with letters, goes on with a digit.
bool looks_like_quant(std::string_view text) {
  if (text.size() < 2 ||
      !std::ranges::all_of(text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }))
    return false;
  constexpr std::string_view kStarts[] = {"Q", "IQ", "F", "BF", "TQ", "MXFP", "NVFP", "FP"};
  return std::ranges::any_of(kStarts, [text](std::string_view start) {
    return text.starts_with(start) && text.size() > start.size() &&
           std::isdigit(static_cast<unsigned char>(text[start.size()]));
  });
}

std::string quant_of(std::string_view stem) {
  const std::string_view name = base_name(stem);
  const std::size_t mark = name.find_last_of("-.");
  if (mark != std::string_view::npos) {
    if (std::string tag = upper(name.substr(mark + 1)); looks_like_quant(tag)) return tag;
  }
  std::string folder = upper(base_name(folder_of(stem)));
  if (const std::size_t dash = folder.rfind('-'); dash != std::string::npos) folder.erase(0, dash + 1);
  return looks_like_quant(folder) ? folder : std::string();
}

struct Group {  // the shards of one file
  std::string stem, quant;
  Role role = Role::weights;
  std::uint32_t n_shards = 0;
  std::vector<std::pair<std::uint32_t, const RepoFile*>> shards;
};

std::vector<Group> groups_of(const std::vector<RepoFile>& files) {
  std::vector<Group> out;
  std::map<std::pair<std::string, std::uint32_t>, std::size_t> index;
  for (const RepoFile& file : files) {
    if (!is_gguf(file.path)) continue;
    const GgufName name = read_gguf_name(file.path);
    if (!name.usable) continue;
    const auto [found, is_new] = index.try_emplace({name.stem, name.n_shards}, out.size());
    if (is_new) out.push_back({name.stem, name.quant, name.role, name.n_shards, {}});
    out[found->second].shards.emplace_back(name.shard, &file);
  }
  for (Group& group : out) std::ranges::sort(group.shards);
  return out;
}

// "UD-Q4_K_XL" as well as "Q4_K_XL", and a folder of that name.
bool has_quant(const Group& group, const std::string& wanted) {
  const std::string name = upper(base_name(group.stem)), folder = upper(base_name(folder_of(group.stem)));
  if (group.quant == wanted || folder == wanted) return true;
  if (name.size() <= wanted.size() || !name.ends_with(wanted)) return false;
  const char before = name[name.size() - wanted.size() - 1];
  return before == '-' || before == '.';
}

// Another recipe under the same type: asked for only by its full name.
bool is_special_recipe(const Group& group, const std::string& wanted) {
  return upper(base_name(group.stem)).ends_with("UD-" + wanted);
}

std::string names_of(const std::vector<const Group*>& groups, bool as_quants) {
  std::vector<std::string> names;
  for (const Group* group : groups) {
    std::string name = as_quants && !group->quant.empty() ? group->quant : group->stem + ".gguf";
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kMaxShown); ++i) out += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMaxShown) out += fmt::format(" and {} more", names.size() - kMaxShown);
  return out;
}

Status add_group(const Group& group, std::string_view repo, Choice& out) {
  const std::size_t expected = std::max<std::size_t>(group.n_shards, 1);
  bool complete = group.shards.size() == expected;
  for (std::size_t i = 0; complete && group.n_shards != 0 && i < expected; ++i) {
    complete = group.shards[i].first == i + 1;
  }
  if (!complete) {
    return fail(Errc::corrupt,
                "{}: {} is split into {} files, and the repository has {} of them: its publisher has to complete it",
                repo, group.stem, group.n_shards, group.shards.size());
  }
  for (const auto& [shard, file] : group.shards)
    out.files.push_back({file->path, group.role, file->size, file->digest, {}, {}});
  return {};
}

// What goes beside the weights: of each kind one file, from their folder or the top, by preference of its type.
Status add_sidecar(const std::vector<Group>& groups, Role role, const Group& weights, std::string_view repo,
                   Choice& out) {
  const std::string wanted[] = {role == Role::draft ? weights.quant : "F16", "BF16", "F16", "Q8_0", "F32"};
  const Group* best = nullptr;
  std::size_t best_rank = 0;
  for (const Group& group : groups) {
    const std::string_view folder = folder_of(group.stem);
    if (group.role != role || (!folder.empty() && folder != folder_of(weights.stem))) continue;
    const auto rank = static_cast<std::size_t>(std::ranges::find(wanted, group.quant) - std::begin(wanted));
    if (best == nullptr || rank < best_rank) {
      best = &group;
      best_rank = rank;
    }
  }
  if (best == nullptr) return {};
  out.notes.push_back(
      fmt::format("with its {}, {}.gguf", role == Role::draft ? "draft heads" : "vision part", best->stem));
  return add_group(*best, repo, out);
}

Result<Choice> complete(const std::vector<Group>& groups, const Group& weights, std::string_view repo) {
  Choice out;
  out.quant = weights.quant;
  QUERN_CHECK(add_group(weights, repo, out));
  if (weights.role != Role::weights) return out;
  QUERN_CHECK(add_sidecar(groups, Role::projector, weights, repo, out));
  QUERN_CHECK(add_sidecar(groups, Role::draft, weights, repo, out));
  return out;
}

std::vector<const Group*> weights_among(const std::vector<Group>& groups) {
  std::vector<const Group*> out;
  for (const Group& group : groups) {
    if (group.role == Role::weights) out.push_back(&group);
  }
  return out;
}

Error no_gguf(const std::vector<RepoFile>& files, std::string_view repo) {
  const auto ends = [&files](std::string_view ending) {
    return std::ranges::count_if(files, [&](const RepoFile& file) { return file.path.ends_with(ending); });
  };
  if (const auto n = ends(".safetensors"); n > 0) {
    return fail(Errc::unsupported,
                "{}: it has no GGUF file, but {} of safetensors; look for a repository of the same model with -GGUF in "
                "its name",
                repo, n);
  }
  return fail(Errc::not_found, "{}: it has no GGUF file among its {}; want a repository with .gguf files", repo,
              files.size());
}

std::vector<const Group*> with_quant(const std::vector<const Group*>& models, const std::string& wanted) {
  std::vector<const Group*> fitting, plain;
  for (const Group* group : models) {
    if (!has_quant(*group, wanted)) continue;
    fitting.push_back(group);
    if (!is_special_recipe(*group, wanted)) plain.push_back(group);
  }
  return plain.empty() ? fitting : plain;
}

}  // namespace

bool is_gguf(std::string_view path) noexcept {
  constexpr std::string_view kEnding = ".gguf";
  return path.size() > kEnding.size() && upper(path.substr(path.size() - kEnding.size())) == ".GGUF";
}

GgufName read_gguf_name(std::string_view path) {
  GgufName out;
  out.stem = path.substr(0, path.size() - std::string_view(".gguf").size());
  read_shard(out);
  const std::string name = upper(base_name(out.stem));
  const auto begins = [&name](std::string_view start) { return name.starts_with(start); };
  const auto has = [&name](std::string_view part) { return name.find(part) != std::string::npos; };
  if (begins("MMPROJ") || has("-MMPROJ") || has(".MMPROJ")) {
    out.role = Role::projector;
  } else if (begins("MTP-")) {
    out.role = Role::draft;
  } else if (has("-LORA")) {
    out.role = Role::adapter;
  }
  out.usable =
      !begins("EAGLE3-") && !begins("DFLASH-") && !begins("DSPARK-") && !has("IMATRIX") && !name.ends_with("-VOCAB");
  out.quant = quant_of(out.stem);
  return out;
}

Result<Choice> choose_gguf(const std::vector<RepoFile>& files, std::string_view quant, std::string_view repo) {
  const std::vector<Group> groups = groups_of(files);
  const std::vector<const Group*> models = weights_among(groups);
  if (models.empty()) return no_gguf(files, repo);
  std::vector<const Group*> fitting;
  if (!quant.empty()) {
    fitting = with_quant(models, upper(quant));
    if (fitting.empty()) {
      return fail(Errc::not_found, "{}: it has no {}; it has {}", repo, quoted(quant), names_of(models, true));
    }
  } else {
    for (const char* const usual : {"Q4_K_M", "Q8_0"}) {
      if (fitting.empty()) fitting = with_quant(models, usual);
    }
    if (fitting.empty()) fitting = {models.front()};
  }
  if (fitting.size() > 1) {
    return fail(Errc::bad_input, "{}: {} of its models fit; name one by its file, as {}/FILE: {}", repo, fitting.size(),
                repo, names_of(fitting, false));
  }
  QUERN_TRY(Choice out, complete(groups, *fitting.front(), repo));
  if (quant.empty() && models.size() > 1) {
    out.notes.insert(out.notes.begin(),
                     fmt::format("{} of {}; name another with --quant",
                                 out.quant.empty() ? fitting.front()->stem : out.quant, names_of(models, true)));
  }
  return out;
}

Result<Choice> choose_file(const std::vector<RepoFile>& files, std::string_view path, std::string_view repo) {
  const std::vector<Group> groups = groups_of(files);
  for (const Group& group : groups) {
    for (const auto& [shard, file] : group.shards) {
      if (file->path == path) return complete(groups, group, repo);
    }
  }
  const std::vector<const Group*> models = weights_among(groups);
  if (models.empty()) return no_gguf(files, repo);
  return fail(Errc::not_found, "{}: it has no file {}; it has {}", repo, quoted(path), names_of(models, false));
}

}  // namespace quern::registry::sources
