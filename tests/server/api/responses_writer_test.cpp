#include "server/api/openai/responses_writer.hpp"

#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

namespace json = boost::json;

std::vector<json::object> events_of(std::string_view stream) {
  std::vector<json::object> out;
  for (std::size_t end = stream.find("\n\n"); end != std::string_view::npos; end = stream.find("\n\n")) {
    const std::string_view event = stream.substr(0, end);
    const std::size_t data = event.find("data: ");
    out.push_back(json::parse(json::string_view(event.data() + data + 6, event.size() - data - 6)).as_object());
    stream.remove_prefix(end + 2);
  }
  EXPECT_TRUE(stream.empty()) << stream;
  return out;
}

std::string_view type_of(const json::object& event) {
  const json::string& type = event.at("type").as_string();
  return {type.data(), type.size()};
}

// A client that puts an answer together finds every item and every part of its content opened before it grows.
TEST(ResponsesWriter, EveryPartIsOpenedAndClosed) {
  ResponsesWriter writer({"resp_1", 1700000000, "m"}, "\"store\":false", false);
  std::string out;
  writer.begin({}, 1, out);
  writer.event(models::ReasoningDelta{.text = "why"}, out);
  writer.event(models::TextDelta{.text = "so"}, out);
  writer.event(models::ToolCallBegin{.id = "c", .name = "f"}, out);
  writer.event(models::ToolCallDelta{.arguments = "{}"}, out);
  writer.event(models::ToolCallEnd{}, out);
  writer.event(models::End{.reason = models::EndReason::tool_calls}, out);
  writer.finish({}, out);
  const std::vector<json::object> events = events_of(out);
  std::vector<std::string> types;
  for (std::size_t i = 0; i < events.size(); ++i) {
    types.emplace_back(type_of(events[i]));
    EXPECT_EQ(events[i].at("sequence_number"), i);
  }
  const std::vector<std::string> expected{"response.created",
                                          "response.in_progress",
                                          "response.output_item.added",
                                          "response.content_part.added",
                                          "response.reasoning_text.delta",
                                          "response.reasoning_text.done",
                                          "response.content_part.done",
                                          "response.output_item.done",
                                          "response.output_item.added",
                                          "response.content_part.added",
                                          "response.output_text.delta",
                                          "response.output_text.done",
                                          "response.content_part.done",
                                          "response.output_item.done",
                                          "response.output_item.added",
                                          "response.function_call_arguments.delta",
                                          "response.function_call_arguments.done",
                                          "response.output_item.done",
                                          "response.completed"};
  EXPECT_EQ(types, expected);
  EXPECT_EQ(events[3].at("part"), json::parse(R"({"type":"reasoning_text","text":""})"));
  EXPECT_EQ(events[6].at("part"), json::parse(R"({"type":"reasoning_text","text":"why"})"));
  EXPECT_EQ(events[3].at("item_id"), events[2].at("item").at("id"));
  EXPECT_EQ(events[9].at("part").at("type"), "output_text");
}

}  // namespace
}  // namespace quern::server
