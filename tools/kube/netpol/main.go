// Enforces NetworkPolicy on one node, which the bridge plugin of CNI does not: it reads
// pods, namespaces and policies twice a second and, when the outcome has changed, replaces
// one table of nftables. The kubelet tells a pod's address only when its containers have been
// started; until then it is what the plugin noted. IPv4. Ports by name and ranges of ports are refused, which denies
// what they would have allowed; they are named in the log.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	net "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const table = "gannet_netpol"

type cluster struct {
	pods       []core.Pod
	policies   []net.NetworkPolicy
	namespaces map[string]labels.Set
}

// The addresses that CNI gave to pods, by their uid, from the cache of its library.
func given(folder string) map[string]string {
	found := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(folder, "kube-*-eth0"))
	for _, file := range files {
		var note struct {
			CniArgs [][2]string
			Result  struct{ Ips []struct{ Address string } }
		}
		text, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(text, &note) != nil || len(note.Result.Ips) == 0 {
			continue // half written, or gone: the next round sees it
		}
		for _, argument := range note.CniArgs {
			if argument[0] == "K8S_POD_UID" {
				found[argument[1]], _, _ = strings.Cut(note.Result.Ips[0].Address, "/")
			}
		}
	}
	return found
}

func read(ctx context.Context, client *kubernetes.Clientset) (*cluster, error) {
	pods, err := client.CoreV1().Pods("").List(ctx, meta.ListOptions{})
	if err != nil {
		return nil, err
	}
	policies, err := client.NetworkingV1().NetworkPolicies("").List(ctx, meta.ListOptions{})
	if err != nil {
		return nil, err
	}
	namespaces, err := client.CoreV1().Namespaces().List(ctx, meta.ListOptions{})
	if err != nil {
		return nil, err
	}
	c := &cluster{policies: policies.Items, namespaces: map[string]labels.Set{}}
	for _, namespace := range namespaces.Items {
		c.namespaces[namespace.Name] = namespace.Labels
	}
	early := given(os.Args[2])
	for _, pod := range pods.Items {
		if pod.Status.PodIP == "" && !pod.Spec.HostNetwork {
			pod.Status.PodIP = early[string(pod.UID)]
		}
		running := pod.Status.Phase == core.PodPending || pod.Status.Phase == core.PodRunning
		if pod.Status.PodIP != "" && !pod.Spec.HostNetwork && running {
			c.pods = append(c.pods, pod)
		}
	}
	sort.Slice(c.pods, func(i, j int) bool { return c.pods[i].Status.PodIP < c.pods[j].Status.PodIP })
	sort.Slice(c.policies, func(i, j int) bool { return c.policies[i].UID < c.policies[j].UID })
	return c, nil
}

func chosen(selector *meta.LabelSelector, set labels.Set) bool {
	parsed, err := meta.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(set)
}

// Address matches of one peer, as nft writes them after "ip saddr" or "ip daddr".
func (c *cluster) addresses(namespace string, peer net.NetworkPolicyPeer) []string {
	if block := peer.IPBlock; block != nil {
		if strings.Contains(block.CIDR, ":") {
			return nil
		}
		return []string{block.CIDR}
	}
	var found []string
	for _, pod := range c.pods {
		inside := pod.Namespace == namespace
		if peer.NamespaceSelector != nil {
			inside = chosen(peer.NamespaceSelector, c.namespaces[pod.Namespace])
		}
		if inside && (peer.PodSelector == nil || chosen(peer.PodSelector, pod.Labels)) {
			found = append(found, pod.Status.PodIP)
		}
	}
	return found
}

func portMatches(ports []net.NetworkPolicyPort) []string {
	if len(ports) == 0 {
		return []string{""}
	}
	var found []string
	for _, port := range ports {
		protocol := "tcp"
		if port.Protocol != nil {
			protocol = strings.ToLower(string(*port.Protocol))
		}
		switch {
		case port.Port == nil:
			found = append(found, " meta l4proto "+protocol)
		case port.Port.Type == intstr.String || port.EndPort != nil:
			log.Printf("a port %v by name or range is not supported: denied", port)
		default:
			found = append(found, fmt.Sprintf(" %s dport %d", protocol, port.Port.IntVal))
		}
	}
	return found
}

func (c *cluster) accepts(namespace, side string, peers []net.NetworkPolicyPeer, ports []net.NetworkPolicyPort) []string {
	var lines []string
	add := func(address, except string) {
		for _, port := range portMatches(ports) {
			lines = append(lines, address+except+port+" accept")
		}
	}
	if len(peers) == 0 {
		add("", "")
	}
	for _, peer := range peers {
		except := ""
		if peer.IPBlock != nil && len(peer.IPBlock.Except) > 0 {
			except = fmt.Sprintf(" ip %s != { %s }", side, strings.Join(peer.IPBlock.Except, ", "))
		}
		for _, address := range c.addresses(namespace, peer) {
			add("ip "+side+" "+address, except)
		}
	}
	return lines
}

// What may come to, or go out from, a pod; false: no policy speaks of it.
func (c *cluster) chain(pod core.Pod, kind net.PolicyType) ([]string, bool) {
	var lines []string
	isolated := false
	for _, policy := range c.policies {
		if policy.Namespace != pod.Namespace || !chosen(&policy.Spec.PodSelector, pod.Labels) {
			continue
		}
		for _, each := range policy.Spec.PolicyTypes {
			isolated = isolated || each == kind
		}
		if kind == net.PolicyTypeIngress {
			for _, rule := range policy.Spec.Ingress {
				lines = append(lines, c.accepts(policy.Namespace, "saddr", rule.From, rule.Ports)...)
			}
		} else {
			for _, rule := range policy.Spec.Egress {
				lines = append(lines, c.accepts(policy.Namespace, "daddr", rule.To, rule.Ports)...)
			}
		}
	}
	return lines, isolated
}

// Egress is decided before ingress, each in a chain of its own priority: an accept ends
// only the chain that says it. A pod reaches itself.
func (c *cluster) rules() string {
	var text strings.Builder
	fmt.Fprintf(&text, "add table ip %s\ndelete table ip %s\ntable ip %s {\n", table, table, table)
	for _, stage := range []struct {
		kind     net.PolicyType
		own      string
		other    string
		priority int
	}{{net.PolicyTypeEgress, "saddr", "daddr", 10}, {net.PolicyTypeIngress, "daddr", "saddr", 20}} {
		name := strings.ToLower(string(stage.kind))
		var jumps []string
		for i, pod := range c.pods {
			lines, isolated := c.chain(pod, stage.kind)
			if !isolated {
				continue
			}
			ip := pod.Status.PodIP
			fmt.Fprintf(&text, "  chain %s%d { # %s/%s\n    ip %s %s accept\n", name, i, pod.Namespace, pod.Name, stage.other, ip)
			for _, line := range lines {
				fmt.Fprintf(&text, "    %s\n", line)
			}
			text.WriteString("    counter drop\n  }\n")
			jumps = append(jumps, fmt.Sprintf("    ip %s %s goto %s%d\n", stage.own, ip, name, i))
		}
		hooks := []string{"forward"}
		if stage.kind == net.PolicyTypeEgress {
			hooks = append(hooks, "input") // to the node itself
		}
		for _, hook := range hooks {
			fmt.Fprintf(&text, "  chain %s_%s {\n    type filter hook %s priority %d; policy accept;\n    ct state established,related accept\n%s  }\n",
				name, hook, hook, stage.priority, strings.Join(jumps, ""))
		}
	}
	text.WriteString("}\n")
	return text.String()
}

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config)
	last := ""
	for ; ; time.Sleep(500 * time.Millisecond) {
		c, err := read(context.Background(), client)
		if err != nil {
			log.Print(err)
			continue
		}
		rules := c.rules()
		if rules == last {
			continue
		}
		command := exec.Command("nft", "-f", "-")
		command.Stdin = strings.NewReader(rules)
		if out, err := command.CombinedOutput(); err != nil {
			log.Printf("nft: %v: %s", err, out)
			continue
		}
		last = rules
		log.Printf("written for %d pods, %d policies", len(c.pods), len(c.policies))
	}
}
