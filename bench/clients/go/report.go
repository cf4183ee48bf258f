package main

import (
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

const maxFirstErrors = 3

// outcome is what a worker records of one item. Times are CLOCK_MONOTONIC.
type outcome struct {
	start, end time.Duration
	result     result
	err        error
}

// newOutcomes returns outcomes whose memory is resident.
func newOutcomes(items int) []outcome {
	outcomes := make([]outcome, items)
	for item := range outcomes {
		outcomes[item].end = -1
	}
	return outcomes
}

// Start of the program by both clocks: time.Since is cheap but has no epoch.
var startTime, startClock = time.Now(), clockMonotonic()

func clockMonotonic() time.Duration {
	const clockID = 1
	var clock syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockID, uintptr(unsafe.Pointer(&clock)), 0)
	return time.Duration(clock.Nano())
}

// now returns the time of CLOCK_MONOTONIC.
func now() time.Duration { return startClock + time.Since(startTime) }

// usage is what the process has used, in all threads.
type usage struct {
	cpuUs           int64
	contextSwitches int64
}

func usageOfProcess() usage {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return usage{
		cpuUs:           (used.Utime.Nano() + used.Stime.Nano()) / 1000,
		contextSwitches: used.Nvcsw + used.Nivcsw,
	}
}

func (u usage) since(before usage) usage {
	return usage{u.cpuUs - before.cpuUs, u.contextSwitches - before.contextSwitches}
}

type report struct {
	Outcomes        int      `json:"outcomes"`
	Errors          int      `json:"errors"`
	Digest          uint64   `json:"digest"`
	Version         string   `json:"version"`
	WallMs          float64  `json:"wall_ms"`
	CPUUs           int64    `json:"cpu_us"`
	ContextSwitches int64    `json:"context_switches"`
	Fares           int      `json:"fares"`
	Attempts        int      `json:"attempts"`
	FirstErrors     []string `json:"first_errors"`
	ItemHistogram   [][2]int `json:"item_histogram"`
	FirstItemAtS    float64  `json:"first_item_at_s"`
	HalfDoneMs      float64  `json:"half_done_ms"`
}

// newReport reports a batch of at least one item.
func newReport(outcomes []outcome, used usage) report {
	batch := report{
		Outcomes:        len(outcomes),
		Version:         version(),
		CPUUs:           used.cpuUs,
		ContextSwitches: used.contextSwitches,
		Attempts:        len(outcomes), // without retries
		FirstErrors:     []string{},
	}
	first := outcomes[0].start
	durations := make([]int64, 0, len(outcomes))
	ends := make([]time.Duration, 0, len(outcomes))
	for item, got := range outcomes {
		if got.start < first {
			first = got.start
		}
		durations = append(durations, (got.end - got.start).Microseconds())
		ends = append(ends, got.end)
		if got.err == nil {
			batch.Digest += uint64(got.result.crc)
			batch.Fares += got.result.fares
			continue
		}
		batch.Errors++
		if len(batch.FirstErrors) < maxFirstErrors {
			batch.FirstErrors = append(batch.FirstErrors, fmt.Sprintf("item %d: %v", item, got.err))
		}
	}
	batch.FirstItemAtS = first.Seconds()
	batch.ItemHistogram = histogram(durations)
	batch.HalfDoneMs = milliseconds(quantile(ends, 0.50) - first)
	batch.WallMs = milliseconds(quantile(ends, 1) - first)
	return batch
}

func milliseconds(duration time.Duration) float64 { return float64(duration) / 1e6 }

// histogram returns pairs of bucket and count as docs/clients.md defines them, and sorts the durations.
func histogram(durationsUs []int64) [][2]int {
	sort.Slice(durationsUs, func(a, b int) bool { return durationsUs[a] < durationsUs[b] })
	pairs := [][2]int{}
	for _, us := range durationsUs {
		shift := 0
		if us >= 256 {
			shift = bits.Len64(uint64(us)) - 8
		}
		bucket := 128*shift + int(us>>shift)
		if len(pairs) == 0 || pairs[len(pairs)-1][0] != bucket {
			pairs = append(pairs, [2]int{bucket, 0})
		}
		pairs[len(pairs)-1][1]++
	}
	return pairs
}

// quantile returns the quantile by nearest rank, and sorts the values.
func quantile(values []time.Duration, share float64) time.Duration {
	sort.Slice(values, func(a, b int) bool { return values[a] < values[b] })
	rank := int(math.Ceil(share * float64(len(values))))
	return values[rank-1]
}

func version() string {
	parts := []string{"net/http", "Go " + strings.TrimPrefix(runtime.Version(), "go")}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			parts = append(parts, module.Path+" "+strings.TrimPrefix(module.Version, "v"))
		}
	}
	return strings.Join(parts, ", ")
}
