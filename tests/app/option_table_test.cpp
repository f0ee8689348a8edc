#include "app/options/option_table.hpp"

#include "app/commands/commands.hpp"
#include "app/options/help.hpp"
#include "app/options/sources.hpp"

#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

std::string read(const std::string& path) {
  std::ifstream in(std::string(QUERN_SOURCE_DIR) + "/" + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(OptionTable, NamesAndLettersAreUniqueWithinACommand) {
  for (const Command& command : commands()) {
    std::set<std::string_view> names;
    std::set<char> letters{'h'};
    for (const OptionRow& row : option_table()) {
      if ((row.commands & command.bit) == 0) continue;
      EXPECT_TRUE(names.insert(row.name).second) << command.name << " " << row.name;
      const bool unique = row.letter == 0 || letters.insert(row.letter).second;
      EXPECT_TRUE(unique) << command.name << " -" << row.letter;
    }
  }
}

TEST(OptionTable, EnvironmentAndYamlNamesMeanOneOption) {
  std::map<std::string, int> count;
  for (const OptionRow& row : option_table()) {
    if (row.scope == Scope::everywhere) ++count[yaml_key(row)];
  }
  for (const auto& [key, n] : count) EXPECT_EQ(n, 1) << key;
}

TEST(OptionTable, EveryDefaultIsAValueThatTheOptionAccepts) {
  for (const OptionRow& row : option_table()) {
    Options options;
    const std::string text = show(row.field, options);
    const auto* custom = std::get_if<Custom>(&row.field);
    if (custom != nullptr && custom->repeatable) continue;  // its default is a list
    if (row.name == "id" || text.empty()) continue;         // "not given" has no text
    const Status assigned = assign(row.field, text, options);
    EXPECT_TRUE(assigned) << row.name << " = '" << text << "': " << assigned.error().detail;
  }
}

TEST(OptionTable, SizesFitTheirMembers) {
  for (const OptionRow& row : option_table()) {
    if (const auto* field = std::get_if<Bytes<std::uint32_t>>(&row.field)) {
      EXPECT_LE(field->max, std::numeric_limits<std::uint32_t>::max()) << row.name;
    }
  }
}

TEST(OptionTable, EveryRowIsExplained) {
  for (const OptionRow& row : option_table()) {
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_NE(row.commands, 0u) << row.name;
    for (const Command& command : commands()) {
      if ((row.commands & command.bit) == 0) continue;
      const std::string shown = row.scope == Scope::positional ? display_name(row) : std::string(row.name);
      EXPECT_NE(command_help(command.bit).find(shown), std::string::npos) << command.name << " " << row.name;
    }
  }
}

TEST(Help, LinesFitATerminal) {
  for (const Command& command : commands()) {
    const std::string text = command_help(command.bit);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      EXPECT_LE(end - begin, 115u) << command.name << ": " << text.substr(begin, end - begin);
      begin = end + 1;
    }
  }
}

// A new option must reach both files: quern help yaml > etc/quern.yaml, and quern help options into docs/CLI.md.
TEST(Reference, ShippedConfigurationIsWhatTheTableSays) {
  EXPECT_EQ(read("etc/quern.yaml"), options_yaml());
}

TEST(Reference, DocumentationHasTheTable) {
  EXPECT_NE(read("docs/CLI.md").find(options_markdown()), std::string::npos);
}

TEST(Reference, ShippedConfigurationIsValidWithEveryLineActive) {
  std::string text = options_yaml(), active;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    std::string line = text.substr(begin, end - begin + 1);
    if (line.starts_with('#') && !line.starts_with("# ")) active += line.substr(1);
    begin = end + 1;
  }
  const auto settings = read_yaml(active, "quern.yaml");
  ASSERT_TRUE(settings) << settings.error().detail;
  Options options;
  for (const Setting& setting : *settings) {
    const Status assigned = assign(setting.row->field, setting.text, options);
    EXPECT_TRUE(assigned) << setting.origin << ": " << assigned.error().detail;
  }
}

TEST(NearestName, FindsTyposAndNothingElse) {
  const auto all = [](const OptionRow&) { return true; };
  EXPECT_EQ(nearest_name("max_bdy", &yaml_key, all), "max_body");
  EXPECT_EQ(nearest_name("QUERN_THREAD", &env_name, all), "QUERN_THREADS");
  EXPECT_EQ(nearest_name("completely_different", &yaml_key, all), "");
  EXPECT_EQ(nearest_name("max_bdy", &yaml_key, [](const OptionRow& row) { return row.name == "port"; }), "");
}

}  // namespace
}  // namespace quern::app
