#include "sched/policy/forecast.hpp"

#include "sched/policy/leaving.hpp"

#include <algorithm>
#include <utility>

namespace quern::sched::policy {
namespace {

constexpr std::size_t kMaxEvents = 4096;  // about 10 ms with 64 places

// A running player as the play moves it.
struct Runner {
  Player player;
  double work_left = 0;    // of its known tokens
  double tokens_left = 0;  // to generate, once work_left is 0
};

class Play {
 public:
  Play(Lineup line, const CostModel& costs, const PaceLimits& pace, std::uint64_t id)
      : line_(std::move(line)), costs_(costs), pace_(pace), id_(id) {
    served_.resize(line_.tenant_weights.size());
    n_running_.resize(line_.tenant_weights.size());
    const auto note = [&](const Player& player) { served_[player.urgency.tenant] = player.urgency.served; };
    std::ranges::for_each(line_.running, note);
    std::ranges::for_each(line_.waiting, note);
    std::erase_if(line_.waiting, [](const Player& player) { return player.stuck; });
    for (const Player& player : line_.running) start(player);
  }

  Forecast run(double horizon_s) {
    Forecast out{.known = true};
    for (std::size_t n_events = 0; now_ <= horizon_s; ++n_events) {
      if (n_events == kMaxEvents) return {};
      while (admit_one()) {
      }
      const Runner* own = find_own();
      if (own != nullptr) out.starts_s = std::min(out.starts_s, now_);
      if (own != nullptr && own->work_left == 0) {
        out.first_token_s = now_;
        return out;
      }
      if (!advance()) return out;
    }
    if (out.starts_s > horizon_s) out.starts_s = Forecast::kNever;
    return out;
  }

 private:
  void start(const Player& player) {
    const std::uint32_t n_left = player.n_known - std::min(player.n_computed, player.n_known);
    // One known token left is a decode row, not a prompt.
    const bool decodes = n_left <= 1 && player.n_computed > 0;
    runners_.push_back({.player = player,
                        .work_left = decodes ? 0 : costs_.prefill_work(n_left, player.n_computed),
                        .tokens_left = std::max(1.0, static_cast<double>(player.n_answer))});
    ++n_running_[player.urgency.tenant];
  }

  Urgency urgency_of(const Player& player) const {
    Urgency out = player.urgency;
    out.served = served_[out.tenant];
    return out;
  }

  // The places and the parked ones' places, as AdmissionPolicy gives them; memory is assumed to suffice.
  bool admit_one() {
    const auto less = [&](const Player& a, const Player& b) { return more_urgent(urgency_of(a), urgency_of(b)); };
    const auto head = std::ranges::min_element(line_.waiting, less);
    if (head == line_.waiting.end()) return false;
    const auto index = static_cast<std::size_t>(head - line_.waiting.begin());
    const Player player = *head;
    if (runners_.size() >= line_.max_running && !make_room(player)) return false;
    line_.waiting[index] = line_.waiting.back();
    line_.waiting.pop_back();
    start(player);
    const std::uint32_t tenant = player.urgency.tenant;
    served_[tenant] += (player.n_known - std::min(player.n_computed, player.n_known)) / line_.tenant_weights[tenant];
    return true;
  }

  bool make_room(const Player& head) {
    if (!line_.preempt) return false;
    const auto place = [&](const Player& p) {
      const double share = n_running_[p.urgency.tenant] / line_.tenant_weights[p.urgency.tenant];
      return PlaceHolder{.urgency = urgency_of(p), .share = share, .parked = p.stuck, .kept = p.kept};
    };
    const std::uint32_t tenant = head.urgency.tenant;
    const PlaceHolder own{.urgency = urgency_of(head),
                          .share = (n_running_[tenant] + 1) / line_.tenant_weights[tenant]};
    std::size_t victim = runners_.size();
    for (std::size_t i = 0; i < runners_.size(); ++i) {
      const PlaceHolder holder = place(runners_[i].player);
      if (!may_leave(holder, own)) continue;
      if (victim == runners_.size() || leaves_before(holder, place(runners_[victim].player))) victim = i;
    }
    if (victim == runners_.size()) return false;
    Player gone = runners_[victim].player;
    --n_running_[gone.urgency.tenant];
    runners_.erase(runners_.begin() + static_cast<std::ptrdiff_t>(victim));
    if (!gone.stuck) line_.waiting.push_back(gone);  // what it has computed stays in the cache for a while
    return true;
  }

  const Runner* find_own() const {
    const auto own = std::ranges::find_if(runners_, [&](const Runner& r) { return r.player.urgency.id == id_; });
    return own == runners_.end() ? nullptr : &*own;
  }

  // To the next event. false: nothing will happen any more.
  bool advance() {
    StepShape decodes;
    std::uint32_t n_prompts = 0;
    for (const Runner& runner : runners_) {
      if (runner.player.stuck) continue;
      if (runner.work_left > 0) {
        ++n_prompts;
      } else {
        ++decodes.n_decodes;
        decodes.decode_context += costs_.decode_context(runner.player.n_known);
      }
    }
    if (n_prompts + decodes.n_decodes == 0) return false;
    const double alone = decodes.n_decodes > 0 ? costs_.seconds(decodes) : 0;
    double step = alone, work = 0;
    if (n_prompts > 0) {
      work = line_.max_tokens_per_step;
      if (decodes.n_decodes > 0) {
        const double target = step_target(pace_, alone, costs_.spread(), 0);
        work = std::clamp(costs_.work_within(decodes, target), 1.0, static_cast<double>(line_.prefill_tokens_per_step));
      }
      StepShape shape = decodes;
      shape.prefill_work = work;
      step = costs_.seconds(shape);
    }
    if (!(step > 0)) return false;
    double n_steps = Forecast::kNever;
    for (const Runner& runner : runners_) {
      if (runner.player.stuck) continue;
      n_steps = std::min(n_steps, runner.work_left > 0 ? runner.work_left * n_prompts / work : runner.tokens_left);
    }
    now_ += n_steps * step;
    const double each = n_steps * work / std::max(n_prompts, 1u);
    for (Runner& runner : runners_) {
      if (runner.player.stuck) continue;
      // What is left of a share that has just been computed is rounding.
      if (runner.work_left > 0) {
        runner.work_left = runner.work_left - each > 1e-6 * each ? runner.work_left - each : 0;
      } else {
        runner.tokens_left -= n_steps;
        served_[runner.player.urgency.tenant] += n_steps / line_.tenant_weights[runner.player.urgency.tenant];
      }
    }
    std::erase_if(runners_, [&](const Runner& runner) {
      const bool ended = !runner.player.stuck && runner.work_left == 0 && runner.tokens_left <= 1e-6;
      if (ended) --n_running_[runner.player.urgency.tenant];
      return ended;
    });
    return true;
  }

  Lineup line_;
  const CostModel& costs_;
  const PaceLimits& pace_;
  const std::uint64_t id_;
  std::vector<Runner> runners_;
  std::vector<double> served_;  // by tenant
  std::vector<std::uint32_t> n_running_;
  double now_ = 0;
};

}  // namespace

Forecast forecast(Lineup line, const CostModel& costs, const PaceLimits& pace, std::uint64_t id, double horizon_s) {
  if (!costs.known()) return {};
  return Play(std::move(line), costs, pace, id).run(horizon_s);
}

}  // namespace quern::sched::policy
