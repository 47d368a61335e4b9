//! One binary for all that is tested from outside: the house's own rules, and the daemon among the
//! real programs it works with.

mod answers;
mod beside;
mod demo;
mod dns_peer;
mod end_to_end;
mod bootstrap_peer;
mod bootstrap_promql;
mod exposition_peer;
mod fuzz;
mod hostile;
mod house;
mod icmp_lab;
mod inhibit_rules;
mod isolated;
mod killstorm;
mod own_side;
mod path_lab;
mod prom_proxy_sockets;
mod peer;
mod reload;
mod registry_sockets;
mod secrets;
mod shipped_rows;
mod probe_door;
