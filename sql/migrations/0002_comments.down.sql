-- Comments only: removed with their tables by 0001; here they are taken back one by one.

comment on table registry.chains is null;
comment on column registry.chains.chain_id is null;
comment on column registry.chains.name is null;
comment on column registry.chains.protocol is null;
comment on column registry.chains.period_type is null;
comment on column registry.chains.native_unit is null;
comment on column registry.chains.native_decimals is null;
comment on column registry.chains.display_unit is null;
comment on column registry.chains.finality_lag is null;
comment on column registry.chains.finality_lag_unit is null;

comment on table registry.providers is null;
comment on column registry.providers.provider is null;
comment on column registry.providers.enabled is null;

comment on table registry.chain_providers is null;
comment on column registry.chain_providers.chain_id is null;
comment on column registry.chain_providers.role is null;
comment on column registry.chain_providers.priority is null;
comment on column registry.chain_providers.provider is null;

comment on table registry.periods is null;
comment on column registry.periods.chain_id is null;
comment on column registry.periods.period_id is null;
comment on column registry.periods.label is null;
comment on column registry.periods.first_slot is null;
comment on column registry.periods.last_slot is null;
comment on column registry.periods.starts_at is null;
comment on column registry.periods.ends_at is null;

comment on table registry.validators is null;
comment on column registry.validators.chain_id is null;
comment on column registry.validators.validator_key is null;
comment on column registry.validators.name is null;

comment on table registry.operator_wallets is null;
comment on column registry.operator_wallets.chain_id is null;
comment on column registry.operator_wallets.validator_key is null;
comment on column registry.operator_wallets.wallet is null;

comment on table registry.partners is null;
comment on column registry.partners.partner_id is null;
comment on column registry.partners.code is null;
comment on column registry.partners.name is null;

comment on table registry.wallets is null;
comment on column registry.wallets.wallet_id is null;
comment on column registry.wallets.chain_id is null;
comment on column registry.wallets.wallet is null;

comment on table registry.partner_wallets is null;
comment on column registry.partner_wallets.wallet_id is null;
comment on column registry.partner_wallets.partner_id is null;
comment on column registry.partner_wallets.valid is null;
comment on column registry.partner_wallets.recorded_at is null;

comment on table registry.agreements is null;
comment on column registry.agreements.agreement_id is null;
comment on column registry.agreements.partner_id is null;
comment on column registry.agreements.name is null;
comment on column registry.agreements.status is null;

comment on table registry.agreement_versions is null;
comment on column registry.agreement_versions.agreement_id is null;
comment on column registry.agreement_versions.version is null;
comment on column registry.agreement_versions.valid_from is null;
comment on column registry.agreement_versions.valid_until is null;
comment on column registry.agreement_versions.reason is null;
comment on column registry.agreement_versions.recorded_at is null;

comment on table registry.agreement_rules is null;
comment on column registry.agreement_rules.agreement_id is null;
comment on column registry.agreement_rules.version is null;
comment on column registry.agreement_rules.rule_id is null;
comment on column registry.agreement_rules.rule_order is null;
comment on column registry.agreement_rules.component is null;
comment on column registry.agreement_rules.method is null;
comment on column registry.agreement_rules.chain_id is null;
comment on column registry.agreement_rules.validator_key is null;
comment on column registry.agreement_rules.rate_bps is null;
comment on column registry.agreement_rules.tiers is null;
comment on column registry.agreement_rules.floor_amount is null;
comment on column registry.agreement_rules.cap_amount is null;
comment on column registry.agreement_rules.guarantee is null;
comment on column registry.agreement_rules.loss_policy is null;

comment on table staging.payloads is null;
comment on column staging.payloads.payload_id is null;
comment on column staging.payloads.chain_id is null;
comment on column staging.payloads.period_id is null;
comment on column staging.payloads.role is null;
comment on column staging.payloads.provider is null;
comment on column staging.payloads.endpoint is null;
comment on column staging.payloads.subject is null;
comment on column staging.payloads.request is null;
comment on column staging.payloads.request_digest is null;
comment on column staging.payloads.status is null;
comment on column staging.payloads.accepted is null;
comment on column staging.payloads.body is null;
comment on column staging.payloads.sha256 is null;
comment on column staging.payloads.fetched_at is null;
comment on column staging.payloads.run_id is null;

comment on table staging.ingestions is null;
comment on column staging.ingestions.ingestion_id is null;
comment on column staging.ingestions.chain_id is null;
comment on column staging.ingestions.period_id is null;
comment on column staging.ingestions.role is null;
comment on column staging.ingestions.state is null;
comment on column staging.ingestions.is_current is null;
comment on column staging.ingestions.content_digest is null;
comment on column staging.ingestions.payload_count is null;
comment on column staging.ingestions.head_period is null;
comment on column staging.ingestions.findings is null;
comment on column staging.ingestions.run_id is null;
comment on column staging.ingestions.finished_at is null;

comment on table staging.ingestion_payloads is null;
comment on column staging.ingestion_payloads.ingestion_id is null;
comment on column staging.ingestion_payloads.position is null;
comment on column staging.ingestion_payloads.payload_id is null;

comment on table canonical.validator_identities is null;
comment on column canonical.validator_identities.chain_id is null;
comment on column canonical.validator_identities.period_id is null;
comment on column canonical.validator_identities.validator_key is null;
comment on column canonical.validator_identities.identity is null;
comment on column canonical.validator_identities.source is null;
comment on column canonical.validator_identities.ingestion_id is null;

comment on table canonical.validator_fees is null;
comment on column canonical.validator_fees.chain_id is null;
comment on column canonical.validator_fees.period_id is null;
comment on column canonical.validator_fees.validator_key is null;
comment on column canonical.validator_fees.state is null;
comment on column canonical.validator_fees.gross is null;
comment on column canonical.validator_fees.delegators_share is null;
comment on column canonical.validator_fees.operator_share is null;
comment on column canonical.validator_fees.produced_blocks is null;
comment on column canonical.validator_fees.provider is null;
comment on column canonical.validator_fees.ingestion_id is null;

comment on table canonical.validator_mev is null;
comment on column canonical.validator_mev.chain_id is null;
comment on column canonical.validator_mev.period_id is null;
comment on column canonical.validator_mev.validator_key is null;
comment on column canonical.validator_mev.state is null;
comment on column canonical.validator_mev.gross is null;
comment on column canonical.validator_mev.protocol_fee is null;
comment on column canonical.validator_mev.delegators_share is null;
comment on column canonical.validator_mev.operator_share is null;
comment on column canonical.validator_mev.commission_bps is null;
comment on column canonical.validator_mev.provider is null;
comment on column canonical.validator_mev.ingestion_id is null;

comment on table canonical.validator_rewards is null;
comment on column canonical.validator_rewards.chain_id is null;
comment on column canonical.validator_rewards.period_id is null;
comment on column canonical.validator_rewards.validator_key is null;
comment on column canonical.validator_rewards.state is null;
comment on column canonical.validator_rewards.commission is null;
comment on column canonical.validator_rewards.delegators_share is null;
comment on column canonical.validator_rewards.own_rewards is null;
comment on column canonical.validator_rewards.active_stake is null;
comment on column canonical.validator_rewards.stakers_state is null;
comment on column canonical.validator_rewards.staker_count is null;
comment on column canonical.validator_rewards.provider is null;
comment on column canonical.validator_rewards.ingestion_id is null;

comment on table canonical.stake_rewards is null;
comment on column canonical.stake_rewards.chain_id is null;
comment on column canonical.stake_rewards.period_id is null;
comment on column canonical.stake_rewards.validator_key is null;
comment on column canonical.stake_rewards.stake_account is null;
comment on column canonical.stake_rewards.staker is null;
comment on column canonical.stake_rewards.withdrawer is null;
comment on column canonical.stake_rewards.active_stake is null;
comment on column canonical.stake_rewards.stake_basis is null;
comment on column canonical.stake_rewards.reward is null;
comment on column canonical.stake_rewards.commission is null;
comment on column canonical.stake_rewards.tips is null;
comment on column canonical.stake_rewards.tips_commission is null;
comment on column canonical.stake_rewards.ingestion_id is null;

comment on table canonical.validator_meta is null;
comment on column canonical.validator_meta.chain_id is null;
comment on column canonical.validator_meta.period_id is null;
comment on column canonical.validator_meta.validator_key is null;
comment on column canonical.validator_meta.name is null;
comment on column canonical.validator_meta.identity is null;
comment on column canonical.validator_meta.commission_bps is null;
comment on column canonical.validator_meta.version is null;
comment on column canonical.validator_meta.delinquent is null;
comment on column canonical.validator_meta.website is null;
comment on column canonical.validator_meta.provider is null;
comment on column canonical.validator_meta.ingestion_id is null;

comment on table canonical.findings is null;
comment on column canonical.findings.chain_id is null;
comment on column canonical.findings.period_id is null;
comment on column canonical.findings.dataset is null;
comment on column canonical.findings.position is null;
comment on column canonical.findings.code is null;
comment on column canonical.findings.message is null;
comment on column canonical.findings.validator_key is null;

comment on table computation.generations is null;
comment on column computation.generations.generation_id is null;
comment on column computation.generations.dataset is null;
comment on column computation.generations.chain_id is null;
comment on column computation.generations.period_id is null;
comment on column computation.generations.is_current is null;
comment on column computation.generations.content_digest is null;
comment on column computation.generations.row_count is null;
comment on column computation.generations.based_on is null;
comment on column computation.generations.engine_version is null;
comment on column computation.generations.run_id is null;
comment on column computation.generations.created_at is null;

comment on table computation.validator_pnl is null;
comment on column computation.validator_pnl.generation_id is null;
comment on column computation.validator_pnl.chain_id is null;
comment on column computation.validator_pnl.period_id is null;
comment on column computation.validator_pnl.validator_key is null;
comment on column computation.validator_pnl.exec_fees is null;
comment on column computation.validator_pnl.exec_fees_state is null;
comment on column computation.validator_pnl.mev_tips is null;
comment on column computation.validator_pnl.mev_tips_state is null;
comment on column computation.validator_pnl.vote_rewards is null;
comment on column computation.validator_pnl.vote_rewards_state is null;
comment on column computation.validator_pnl.commission is null;
comment on column computation.validator_pnl.commission_state is null;
comment on column computation.validator_pnl.total_revenue is null;
comment on column computation.validator_pnl.costs is null;
comment on column computation.validator_pnl.net_income is null;
comment on column computation.validator_pnl.completeness is null;

comment on table computation.partner_stake is null;
comment on column computation.partner_stake.generation_id is null;
comment on column computation.partner_stake.chain_id is null;
comment on column computation.partner_stake.period_id is null;
comment on column computation.partner_stake.validator_key is null;
comment on column computation.partner_stake.partner_id is null;
comment on column computation.partner_stake.active_stake is null;
comment on column computation.partner_stake.wallet_count is null;

comment on table computation.commission_lines is null;
comment on column computation.commission_lines.generation_id is null;
comment on column computation.commission_lines.line_id is null;
comment on column computation.commission_lines.chain_id is null;
comment on column computation.commission_lines.period_id is null;
comment on column computation.commission_lines.validator_key is null;
comment on column computation.commission_lines.partner_id is null;
comment on column computation.commission_lines.agreement_id is null;
comment on column computation.commission_lines.version is null;
comment on column computation.commission_lines.rule_id is null;
comment on column computation.commission_lines.component is null;
comment on column computation.commission_lines.method is null;
comment on column computation.commission_lines.base is null;
comment on column computation.commission_lines.rate_trace is null;
comment on column computation.commission_lines.floor_applied is null;
comment on column computation.commission_lines.cap_applied is null;
comment on column computation.commission_lines.scaled is null;
comment on column computation.commission_lines.allocated is null;
comment on column computation.commission_lines.state is null;
comment on column computation.commission_lines.claimed is null;
comment on column computation.commission_lines.amount is null;
comment on column computation.commission_lines.engine_version is null;

comment on table computation.rule_histories is null;
comment on column computation.rule_histories.generation_id is null;
comment on column computation.rule_histories.chain_id is null;
comment on column computation.rule_histories.period_id is null;
comment on column computation.rule_histories.agreement_id is null;
comment on column computation.rule_histories.rule_id is null;
comment on column computation.rule_histories.base_to_date is null;
comment on column computation.rule_histories.loss_carried is null;
comment on column computation.rule_histories.scope_window is null;

comment on table computation.commission_statements is null;
comment on column computation.commission_statements.generation_id is null;
comment on column computation.commission_statements.statement_id is null;
comment on column computation.commission_statements.partner_id is null;
comment on column computation.commission_statements.chain_id is null;
comment on column computation.commission_statements.period_id is null;
comment on column computation.commission_statements.billing_month is null;
comment on column computation.commission_statements.status is null;
comment on column computation.commission_statements.total is null;
comment on column computation.commission_statements.line_count is null;
comment on column computation.commission_statements.releasable is null;

comment on table computation.findings is null;
comment on column computation.findings.generation_id is null;
comment on column computation.findings.position is null;
comment on column computation.findings.code is null;
comment on column computation.findings.message is null;
comment on column computation.findings.partner_id is null;
comment on column computation.findings.validator_key is null;
comment on column computation.findings.component is null;
comment on column computation.findings.blocks_release is null;
