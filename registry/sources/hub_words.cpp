#include "registry/sources/hub_words.hpp"

#include "registry/sources/content_digest.hpp"

namespace quern::registry::sources {
namespace {

// " (request abc, the hub says 'words')" where the answer has them: what a publisher or an operator asks for.
std::string details(const net::ResponseHead& head) {
  const std::string_view id = head.header("X-Request-Id"), said = head.header("X-Error-Message");
  std::string out;
  if (!id.empty()) out += fmt::format("request {}", quoted(id));
  if (!said.empty()) out += fmt::format("{}it says {}", out.empty() ? "" : ", ", quoted(said));
  return out.empty() ? out : fmt::format(" ({})", out);
}

Error unexpected(const net::ResponseHead& head, std::string_view who, std::string_view subject) {
  const Errc code = head.status == 429 || head.status >= 500 ? Errc::overloaded : Errc::io;
  return fail(code, "{}: {} answers {}{}; try again later", subject, who, head.status, details(head));
}

}  // namespace

Error words_for_hub(const net::ResponseHead& head, const net::Url& endpoint, std::string_view subject,
                    bool sent_token) {
  const std::string_view code = head.header("X-Error-Code"), said = head.header("X-Error-Message");
  const std::string who = endpoint.origin(), more = details(head);
  switch (head.status) {
    case 401:
      if (said.find("Invalid credentials in Authorization header") != std::string_view::npos) {
        return fail(Errc::bad_input,
                    "{}: {} does not know this token; make a new one at {}/settings/tokens and put it into HF_TOKEN{}",
                    subject, who, who, more);
      }
      return fail(Errc::not_found,
                  "{}: it does not exist, or is private, or its licence has to be accepted first; {}{}", subject,
                  sent_token ? "check the name, and whether the token's owner may read it"
                             : "check the name, or put a token of somebody who may read it into HF_TOKEN",
                  more);
    case 403:
      if (code == "GatedRepo") {
        return fail(
            Errc::bad_input,
            "{}: its licence has to be accepted first: open {}/{} in a browser, accept, and try again with that "
            "account's token in HF_TOKEN{}",
            subject, who, subject.substr(subject.find('/') + 1), more);
      }
      if (said.find("Access to this resource is disabled") != std::string_view::npos) {
        return fail(Errc::not_found, "{}: {} has taken it down; look for another repository of the model{}", subject,
                    who, more);
      }
      return fail(Errc::bad_input, "{}: {} refuses it to this token; use one of somebody who may read it{}", subject,
                  who, more);
    case 404:
      if (code == "RevisionNotFound") {
        return fail(Errc::not_found,
                    "{}: the repository has no such branch, tag or commit; leave it out for the main one{}", subject,
                    more);
      }
      if (code == "EntryNotFound") {
        return fail(Errc::not_found, "{}: the repository has no such file at this revision; its web page lists them{}",
                    subject, more);
      }
      return fail(Errc::not_found, "{}: there is no such repository at {}; check the spelling{}", subject, who, more);
    default:
      return unexpected(head, who, subject);
  }
}

Error words_for_registry(const net::ResponseHead& head, const net::Url& registry, std::string_view subject) {
  switch (head.status) {
    case 401:
    case 403:
      return fail(Errc::not_found,
                  "{}: {} does not show it without an account: it is private, or there is no such model", subject,
                  registry.origin());
    case 404:
      return fail(Errc::not_found, "{}: {} has no such model or tag; check the spelling", subject, registry.origin());
    default:
      return unexpected(head, registry.origin(), subject);
  }
}

Error words_for_address(const net::ResponseHead& head, const net::Url& url) {
  const std::string subject = fmt::format("{}{}", url.origin(), url.target.substr(0, url.target.find('?')));
  if (head.status == 404 || head.status == 410) return fail(Errc::not_found, "{}: there is no such file", subject);
  if (head.status == 401 || head.status == 403) {
    return fail(Errc::bad_input, "{}: the server wants to know who asks ({}), which plain addresses cannot say",
                subject, head.status);
  }
  return unexpected(head, "the server", subject);
}

}  // namespace quern::registry::sources
