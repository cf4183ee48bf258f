// Command client is a client of farebench: net/http with one goroutine per worker. Its command line, its lines
// on standard input and output, and its report are those of docs/clients.md.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

const exitUsage = 2

type options struct {
	url     string
	task    task
	workers int
	items   int
	fresh   bool
	warmUp  int
}

func failUsage(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "client: "+format+"\n", arguments...)
	os.Exit(exitUsage)
}

func parseOptions(arguments []string) options {
	var parsed options
	flags := flag.NewFlagSet("client", flag.ExitOnError) // exits with 2
	flags.StringVar(&parsed.url, "url", "", "scheme, host and port of the site")
	taskName := flags.String("task", "", "scrape or get")
	flags.IntVar(&parsed.workers, "workers", 0, "maximum number of items in progress, at least 1")
	flags.IntVar(&parsed.items, "items", 0, "number of items, at least 1")
	connections := flags.String("connections", "", "kept or fresh")
	flags.IntVar(&parsed.warmUp, "warm-up", 0, "number of items to run before the batch")
	flags.Parse(arguments)

	if flags.NArg() > 0 {
		failUsage("unexpected argument %q", flags.Arg(0))
	}
	if parsed.url == "" {
		failUsage("--url is missing")
	}
	if parsed.task = tasks[*taskName]; parsed.task == nil {
		failUsage("--task is %q, must be scrape or get", *taskName)
	}
	if parsed.workers < 1 || parsed.items < 1 || parsed.warmUp < 0 {
		failUsage("--workers and --items must be at least 1, --warm-up at least 0")
	}
	if *connections != "kept" && *connections != "fresh" {
		failUsage("--connections is %q, must be kept or fresh", *connections)
	}
	parsed.fresh = *connections == "fresh"
	return parsed
}

// expectLine reads the line `expected` or ends the program.
func expectLine(input *bufio.Reader, expected string) {
	if line, _ := input.ReadString('\n'); line != expected+"\n" {
		failUsage("read %q, expected the line %q", line, expected)
	}
}

func main() {
	chosen := parseOptions(os.Args[1:])
	input := bufio.NewReader(os.Stdin)

	target := newSite(chosen)
	target.run(chosen.workers, newOutcomes(chosen.warmUp))
	outcomes := newOutcomes(chosen.items)
	fmt.Println("farebench-client 2 ready")
	expectLine(input, "go")

	before := usageOfProcess()
	target.run(chosen.workers, outcomes)
	report, err := json.Marshal(newReport(outcomes, usageOfProcess().since(before)))
	if err != nil {
		fmt.Println("failed", err)
	} else {
		fmt.Println(string(report))
	}
	expectLine(input, "exit")
}
