package metrics

import "github.com/prometheus/client_golang/prometheus"

const namespace = "harbor"

var Errors = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "harbor",
	Name:      "errors_total",
}, []string{"module"})

var Height = prometheus.NewGauge(prometheus.GaugeOpts{
	Namespace: "harbor",
	Name:      "block_height",
})
