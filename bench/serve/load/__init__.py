"""What all workloads share: HTTP and SSE, requests and their outcomes, prompts, statistics, reports, processes."""
