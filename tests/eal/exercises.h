/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef EXERCISES_H
#define EXERCISES_H

/* One function a row of docs/nics/features/evnic.ini; it fails unless the port really does it. */

/* exercises_link.c */
void exercise_speed_capabilities(void);
void exercise_link_status(void);
void exercise_link_status_event(void);

/* exercises_filter.c */
void exercise_promiscuous_mode(void);
void exercise_allmulticast_mode(void);
void exercise_unicast_mac_filter(void);
void exercise_multicast_mac_filter(void);
void exercise_mtu_update(void);

/* exercises_queue.c */
void exercise_rx_interrupt(void);
void exercise_queue_start_stop(void);
void exercise_burst_mode_info(void);
void exercise_rx_descriptor_status(void);
void exercise_tx_descriptor_status(void);
void exercise_fast_mbuf_free(void);
void exercise_free_tx_mbuf_on_demand(void);

/* exercises_rx.c */
void exercise_scattered_rx(void);
void exercise_rss_hash(void);
void exercise_rss_key_update(void);
void exercise_rss_reta_update(void);
void exercise_l3_checksum(void);
void exercise_l4_checksum(void);
void exercise_packet_type_parsing(void);

/* exercises_stats.c */
void exercise_basic_stats(void);
void exercise_extended_stats(void);
void exercise_stats_per_queue(void);
void exercise_registers_dump(void);

#endif /* EXERCISES_H */
