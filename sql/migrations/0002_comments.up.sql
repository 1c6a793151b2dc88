-- What every table holds, and every column with its unit.

comment on table registry.chains is 'One row a configured chain.';
comment on column registry.chains.chain_id is 'The chain, as named in chains.yaml.';
comment on column registry.chains.name is 'The name people know.';
comment on column registry.chains.protocol is 'Which provider folder speaks to this chain.';
comment on column registry.chains.period_type is 'EPOCH, BLOCK_WINDOW or SLOT_RANGE.';
comment on column registry.chains.native_unit is 'The unit of every amount of this chain (lamports, wei).';
comment on column registry.chains.native_decimals is
    'Decimal places between the native unit and the coin people speak of.';
comment on column registry.chains.display_unit is 'The coin people speak of (SOL, ETH).';
comment on column registry.chains.finality_lag is
    'How many units must pass after a period before it is final.';
comment on column registry.chains.finality_lag_unit is 'The unit of finality_lag.';

comment on table registry.providers is 'One row a configured provider.';
comment on column registry.providers.provider is 'The provider, as named in providers.yaml.';
comment on column registry.providers.enabled is 'Whether providers.yaml enables it.';

comment on table registry.chain_providers is 'Who answers which question on a chain, in order of preference.';
comment on column registry.chain_providers.chain_id is 'The chain, as named in chains.yaml.';
comment on column registry.chain_providers.role is
    'The question: periods, fees, mev, rewards, meta or stakes.';
comment on column registry.chain_providers.priority is '1 is asked first.';
comment on column registry.chain_providers.provider is 'The provider, as named in providers.yaml.';

comment on table registry.periods is 'One row a period: a Solana epoch, an Ethereum slot window.';
comment on column registry.periods.chain_id is 'The chain, as named in chains.yaml.';
comment on column registry.periods.period_id is 'The periods ordinal on its chain (a Solana epoch number).';
comment on column registry.periods.label is 'The period as people call it.';
comment on column registry.periods.first_slot is 'First slot, inclusive.';
comment on column registry.periods.last_slot is 'Last slot, inclusive.';
comment on column registry.periods.starts_at is 'Time of the first produced block of the period, UTC.';
comment on column registry.periods.ends_at is 'Time of the first produced block of the next period, UTC.';

comment on table registry.validators is 'One row a validator whose books are or were kept.';
comment on column registry.validators.chain_id is 'The chain, as named in chains.yaml.';
comment on column registry.validators.validator_key is
    'The validator: vote account (Solana), public key (Ethereum).';
comment on column registry.validators.name is 'The name people know.';

comment on table registry.operator_wallets is 'Withdrawers that are the operators own; rewards on them are VOTE_REWARDS.';
comment on column registry.operator_wallets.chain_id is 'The chain, as named in chains.yaml.';
comment on column registry.operator_wallets.validator_key is
    'The validator: vote account (Solana), public key (Ethereum).';
comment on column registry.operator_wallets.wallet is 'A withdrawer of the operator itself.';

comment on table registry.partners is 'One row a partner who introduced stake.';
comment on column registry.partners.partner_id is 'The partner.';
comment on column registry.partners.code is 'The partners short name in files and addresses.';
comment on column registry.partners.name is 'The name people know.';

comment on table registry.wallets is 'Wallets that partners claim or claimed, interned.';
comment on column registry.wallets.wallet_id is 'The interned wallet.';
comment on column registry.wallets.chain_id is 'The chain, as named in chains.yaml.';
comment on column registry.wallets.wallet is 'The withdrawer (Solana) or withdrawal address (Ethereum).';

comment on table registry.partner_wallets is 'Which partner owns a wallet in which time; never two at a time.';
comment on column registry.partner_wallets.wallet_id is 'The interned wallet.';
comment on column registry.partner_wallets.partner_id is 'The partner.';
comment on column registry.partner_wallets.valid is
    'From and until when the partner owns it, UTC; a period belongs by its start.';
comment on column registry.partner_wallets.recorded_at is 'When this was recorded, UTC.';

comment on table registry.agreements is 'One row an agreement with a partner.';
comment on column registry.agreements.agreement_id is 'The agreement.';
comment on column registry.agreements.partner_id is 'The partner.';
comment on column registry.agreements.name is 'The name people know.';
comment on column registry.agreements.status is
    'DRAFT, ACTIVE, SUSPENDED or TERMINATED; only ACTIVE ones are applied.';

comment on table registry.agreement_versions is 'Versions of agreements; append-only.';
comment on column registry.agreement_versions.agreement_id is 'The agreement.';
comment on column registry.agreement_versions.version is 'The agreements version, from 1.';
comment on column registry.agreement_versions.valid_from is
    'Periods starting at or after this time, UTC, may use it.';
comment on column registry.agreement_versions.valid_until is
    'Periods starting at or after this time, UTC, may not; null is open.';
comment on column registry.agreement_versions.reason is 'Why this version was made.';
comment on column registry.agreement_versions.recorded_at is 'When this was recorded, UTC.';

comment on table registry.agreement_rules is 'Rules of agreement versions; append-only.';
comment on column registry.agreement_rules.agreement_id is 'The agreement.';
comment on column registry.agreement_rules.version is 'The agreements version, from 1.';
comment on column registry.agreement_rules.rule_id is 'The rule, unique within its agreement.';
comment on column registry.agreement_rules.rule_order is 'Order of evaluation, from 1.';
comment on column registry.agreement_rules.component is 'EXEC_FEES, MEV_TIPS, VOTE_REWARDS or COMMISSION.';
comment on column registry.agreement_rules.method is
    'How the base is found: CLIENT_REVENUE, STAKE_WEIGHT or FIXED_SHARE.';
comment on column registry.agreement_rules.chain_id is 'Only this chain; null is any.';
comment on column registry.agreement_rules.validator_key is 'Only this validator; null is any.';
comment on column registry.agreement_rules.rate_bps is
    'Flat rate in basis points; null when there are tiers.';
comment on column registry.agreement_rules.tiers is
    'Tier schedule: mode, metric, scope and tiers (upper bound in native units as text, rate in bps).';
comment on column registry.agreement_rules.floor_amount is 'Minimum a period, in native units.';
comment on column registry.agreement_rules.cap_amount is
    'Maximum a period, in native units; beats the floor.';
comment on column registry.agreement_rules.guarantee is 'Whether the floor is owed even on a base of zero.';
comment on column registry.agreement_rules.loss_policy is
    'Whether a negative base is carried against the next positive one.';

comment on table staging.payloads is 'One row a response, exactly as received; append-only.';
comment on column staging.payloads.payload_id is 'The payload.';
comment on column staging.payloads.chain_id is 'The chain, as named in chains.yaml.';
comment on column staging.payloads.period_id is 'The periods ordinal on its chain (a Solana epoch number).';
comment on column staging.payloads.role is 'The question: periods, fees, mev, rewards, meta or stakes.';
comment on column staging.payloads.provider is 'The provider, as named in providers.yaml.';
comment on column staging.payloads.endpoint is 'What was asked, as messages call it.';
comment on column staging.payloads.subject is 'The validator it was about, if one.';
comment on column staging.payloads.request is 'Method, path, query and body; never a secret.';
comment on column staging.payloads.request_digest is 'SHA-256 of provider and request, 32 bytes.';
comment on column staging.payloads.status is 'HTTP status.';
comment on column staging.payloads.accepted is
    'True for an answer; false for an error response, kept as evidence only.';
comment on column staging.payloads.body is 'The response body, byte for byte.';
comment on column staging.payloads.sha256 is 'SHA-256 of body, 32 bytes; the database checks it.';
comment on column staging.payloads.fetched_at is 'When it was received, UTC.';
comment on column staging.payloads.run_id is 'The Dagster run that wrote this.';

comment on table staging.ingestions is 'One row a finished set of responses for a chain, period and role; the current one is used.';
comment on column staging.ingestions.ingestion_id is 'The ingestion.';
comment on column staging.ingestions.chain_id is 'The chain, as named in chains.yaml.';
comment on column staging.ingestions.period_id is 'The periods ordinal on its chain (a Solana epoch number).';
comment on column staging.ingestions.role is 'The question: periods, fees, mev, rewards, meta or stakes.';
comment on column staging.ingestions.state is
    'SETTLED: asked for good; OPEN: something was missing or provisional, the next run asks again.';
comment on column staging.ingestions.is_current is 'True for the one in force of its slice.';
comment on column staging.ingestions.content_digest is
    'SHA-256 of the content, 32 bytes: equal content is never written twice.';
comment on column staging.ingestions.payload_count is 'How many responses it is made of.';
comment on column staging.ingestions.head_period is 'The chains running period when it was asked.';
comment on column staging.ingestions.findings is 'What a person should know about it.';
comment on column staging.ingestions.run_id is 'The Dagster run that wrote this.';
comment on column staging.ingestions.finished_at is 'When it was finished, UTC.';

comment on table staging.ingestion_payloads is 'Which responses an ingestion is made of, in the order they were asked.';
comment on column staging.ingestion_payloads.ingestion_id is
    'The ingestion this was read from: the way to the raw responses.';
comment on column staging.ingestion_payloads.position is 'Order, from 0.';
comment on column staging.ingestion_payloads.payload_id is 'The response.';

comment on table canonical.validator_identities is 'The identity each validator used in a period.';
comment on column canonical.validator_identities.chain_id is 'The chain, as named in chains.yaml.';
comment on column canonical.validator_identities.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column canonical.validator_identities.validator_key is
    'The validator: vote account (Solana), public key (Ethereum).';
comment on column canonical.validator_identities.identity is
    'The validators identity (node key); fees are paid to it.';
comment on column canonical.validator_identities.source is 'How the identity is known.';
comment on column canonical.validator_identities.ingestion_id is
    'The ingestion this was read from: the way to the raw responses.';

comment on table canonical.validator_fees is 'Execution fees, one row a validator and period.';
comment on column canonical.validator_fees.chain_id is 'The chain, as named in chains.yaml.';
comment on column canonical.validator_fees.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column canonical.validator_fees.validator_key is
    'The validator: vote account (Solana), public key (Ethereum).';
comment on column canonical.validator_fees.state is
    'FINAL, PROVISIONAL (may still change at its provider) or MISSING (no amount).';
comment on column canonical.validator_fees.gross is 'What its produced blocks credited, in native units.';
comment on column canonical.validator_fees.delegators_share is
    'What it shared out of gross, in native units; null when not known.';
comment on column canonical.validator_fees.operator_share is
    'What stays with the operator, in native units; EXEC_FEES of the P&L.';
comment on column canonical.validator_fees.produced_blocks is 'Blocks behind gross.';
comment on column canonical.validator_fees.provider is 'The provider, as named in providers.yaml.';
comment on column canonical.validator_fees.ingestion_id is
    'The ingestion this was read from: the way to the raw responses.';

comment on table canonical.validator_mev is 'MEV, one row a validator and period.';
comment on column canonical.validator_mev.chain_id is 'The chain, as named in chains.yaml.';
comment on column canonical.validator_mev.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column canonical.validator_mev.validator_key is
    'The validator: vote account (Solana), public key (Ethereum).';
comment on column canonical.validator_mev.state is
    'FINAL, PROVISIONAL (may still change at its provider) or MISSING (no amount).';
comment on column canonical.validator_mev.gross is 'All tips of the period, in native units.';
comment on column canonical.validator_mev.protocol_fee is 'The MEV protocols fee, in native units.';
comment on column canonical.validator_mev.delegators_share is
    'What stakers are paid, dust included, in native units.';
comment on column canonical.validator_mev.operator_share is
    'The validators cut, in native units; MEV_TIPS of the P&L.';
comment on column canonical.validator_mev.commission_bps is 'The validators MEV commission in basis points.';
comment on column canonical.validator_mev.provider is 'The provider, as named in providers.yaml.';
comment on column canonical.validator_mev.ingestion_id is
    'The ingestion this was read from: the way to the raw responses.';

comment on table canonical.validator_rewards is 'Consensus rewards, one row a validator and period.';
comment on column canonical.validator_rewards.chain_id is 'The chain, as named in chains.yaml.';
comment on column canonical.validator_rewards.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column canonical.validator_rewards.validator_key is
    'The validator: vote account (Solana), public key (Ethereum).';
comment on column canonical.validator_rewards.state is
    'FINAL, PROVISIONAL (may still change at its provider) or MISSING (no amount).';
comment on column canonical.validator_rewards.commission is
    'What the validator took from its delegators, in native units; COMMISSION of the P&L.';
comment on column canonical.validator_rewards.delegators_share is
    'What its stakers were paid net, in native units.';
comment on column canonical.validator_rewards.own_rewards is
    'The part of delegators_share on the operators own wallets, in native units; null when not known.';
comment on column canonical.validator_rewards.active_stake is
    'Stake that counted in the period, in native units; null when unknown.';
comment on column canonical.validator_rewards.stakers_state is 'Whether the per-staker rows are complete.';
comment on column canonical.validator_rewards.staker_count is 'How many stake accounts are known.';
comment on column canonical.validator_rewards.provider is 'The provider, as named in providers.yaml.';
comment on column canonical.validator_rewards.ingestion_id is
    'The ingestion this was read from: the way to the raw responses.';

comment on table canonical.stake_rewards is 'Stake and rewards per stake account, validator and period.';
comment on column canonical.stake_rewards.chain_id is 'The chain, as named in chains.yaml.';
comment on column canonical.stake_rewards.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column canonical.stake_rewards.validator_key is
    'The validator: vote account (Solana), public key (Ethereum).';
comment on column canonical.stake_rewards.stake_account is 'The stake account.';
comment on column canonical.stake_rewards.staker is 'The staker authority: may delegate, does not own.';
comment on column canonical.stake_rewards.withdrawer is
    'The withdrawer authority: owns the money; partners are matched by it.';
comment on column canonical.stake_rewards.active_stake is
    'Stake that counted in the period, in native units; null when unknown.';
comment on column canonical.stake_rewards.stake_basis is
    'SNAPSHOT (account data), REWARD_SHARE (by rewards paid) or UNKNOWN.';
comment on column canonical.stake_rewards.reward is 'Net reward paid to it, in native units.';
comment on column canonical.stake_rewards.commission is
    'Its part of the validators commission, in native units, split exactly.';
comment on column canonical.stake_rewards.tips is 'MEV paid to it, in native units.';
comment on column canonical.stake_rewards.tips_commission is
    'Its part of the validators MEV cut, in native units, split exactly.';
comment on column canonical.stake_rewards.ingestion_id is
    'The ingestion this was read from: the way to the raw responses.';

comment on table canonical.validator_meta is 'Descriptive data, one row a validator and period; nothing here is money.';
comment on column canonical.validator_meta.chain_id is 'The chain, as named in chains.yaml.';
comment on column canonical.validator_meta.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column canonical.validator_meta.validator_key is
    'The validator: vote account (Solana), public key (Ethereum).';
comment on column canonical.validator_meta.name is 'The name people know.';
comment on column canonical.validator_meta.identity is
    'The validators identity (node key); fees are paid to it.';
comment on column canonical.validator_meta.commission_bps is
    'Announced commission in basis points; a hint, not the one applied.';
comment on column canonical.validator_meta.version is 'Software version.';
comment on column canonical.validator_meta.delinquent is 'Whether the provider calls it delinquent.';
comment on column canonical.validator_meta.website is 'Its website.';
comment on column canonical.validator_meta.provider is 'The provider, as named in providers.yaml.';
comment on column canonical.validator_meta.ingestion_id is
    'The ingestion this was read from: the way to the raw responses.';

comment on table canonical.findings is 'What a person should know about the facts of a slice: gaps, drifts, fallbacks.';
comment on column canonical.findings.chain_id is 'The chain, as named in chains.yaml.';
comment on column canonical.findings.period_id is 'The periods ordinal on its chain (a Solana epoch number).';
comment on column canonical.findings.dataset is 'The table the finding is about.';
comment on column canonical.findings.position is 'Order, from 0.';
comment on column canonical.findings.code is 'A short name of the finding.';
comment on column canonical.findings.message is 'What happened, where, and what to do.';
comment on column canonical.findings.validator_key is
    'The validator: vote account (Solana), public key (Ethereum).';

comment on table computation.generations is 'One row a computed version of a slice; the current one is in force, none is deleted.';
comment on column computation.generations.generation_id is 'The generation this row belongs to.';
comment on column computation.generations.dataset is 'The table it is a version of.';
comment on column computation.generations.chain_id is 'The chain, as named in chains.yaml.';
comment on column computation.generations.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column computation.generations.is_current is 'True for the one in force of its slice.';
comment on column computation.generations.content_digest is
    'SHA-256 of the content, 32 bytes: equal content is never written twice.';
comment on column computation.generations.row_count is 'How many rows it has.';
comment on column computation.generations.based_on is
    'The P&L generation that commission lines were computed from.';
comment on column computation.generations.engine_version is 'The engines version that computed this.';
comment on column computation.generations.run_id is 'The Dagster run that wrote this.';
comment on column computation.generations.created_at is 'When it was computed, UTC.';

comment on table computation.validator_pnl is 'P&L, one row a validator and generation.';
comment on column computation.validator_pnl.generation_id is 'The generation this row belongs to.';
comment on column computation.validator_pnl.chain_id is 'The chain, as named in chains.yaml.';
comment on column computation.validator_pnl.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column computation.validator_pnl.validator_key is
    'The validator: vote account (Solana), public key (Ethereum).';
comment on column computation.validator_pnl.exec_fees is 'EXEC_FEES in native units.';
comment on column computation.validator_pnl.exec_fees_state is 'State of exec_fees.';
comment on column computation.validator_pnl.mev_tips is 'MEV_TIPS in native units.';
comment on column computation.validator_pnl.mev_tips_state is 'State of mev_tips.';
comment on column computation.validator_pnl.vote_rewards is
    'VOTE_REWARDS in native units: rewards on the operators own stake only.';
comment on column computation.validator_pnl.vote_rewards_state is 'State of vote_rewards.';
comment on column computation.validator_pnl.commission is
    'COMMISSION in native units: taken from delegators.';
comment on column computation.validator_pnl.commission_state is 'State of commission.';
comment on column computation.validator_pnl.total_revenue is
    'Sum of the four components in native units; null while one is missing.';
comment on column computation.validator_pnl.costs is
    'Costs (vote fees) in native units; null until measured.';
comment on column computation.validator_pnl.net_income is
    'total_revenue less costs, in native units; null while either is.';
comment on column computation.validator_pnl.completeness is
    'COMPLETE, PROVISIONAL (all there, some provisional) or INCOMPLETE (some missing).';

comment on table computation.partner_stake is 'Active stake per partner and validator of a generation.';
comment on column computation.partner_stake.generation_id is 'The generation this row belongs to.';
comment on column computation.partner_stake.chain_id is 'The chain, as named in chains.yaml.';
comment on column computation.partner_stake.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column computation.partner_stake.validator_key is
    'The validator: vote account (Solana), public key (Ethereum).';
comment on column computation.partner_stake.partner_id is 'The partner; null is stake nobody introduced.';
comment on column computation.partner_stake.active_stake is
    'Stake that counted in the period, in native units; null when unknown.';
comment on column computation.partner_stake.wallet_count is 'How many wallets that is.';

comment on table computation.commission_lines is 'Commission lines of a generation.';
comment on column computation.commission_lines.generation_id is 'The generation this row belongs to.';
comment on column computation.commission_lines.line_id is
    'UUIDv5 of rule, version, chain, period and validator: the same at every recompute.';
comment on column computation.commission_lines.chain_id is 'The chain, as named in chains.yaml.';
comment on column computation.commission_lines.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column computation.commission_lines.validator_key is 'The validator; null on a guarantees line.';
comment on column computation.commission_lines.partner_id is 'The partner.';
comment on column computation.commission_lines.agreement_id is 'The agreement.';
comment on column computation.commission_lines.version is 'The agreements version, from 1.';
comment on column computation.commission_lines.rule_id is 'The rule, unique within its agreement.';
comment on column computation.commission_lines.component is
    'EXEC_FEES, MEV_TIPS, VOTE_REWARDS or COMMISSION.';
comment on column computation.commission_lines.method is
    'How the base is found: CLIENT_REVENUE, STAKE_WEIGHT or FIXED_SHARE.';
comment on column computation.commission_lines.base is 'What the rate was applied to, in native units.';
comment on column computation.commission_lines.rate_trace is 'The flat rate, or the tier slices, as applied.';
comment on column computation.commission_lines.floor_applied is 'Whether the floor raised the rules total.';
comment on column computation.commission_lines.cap_applied is 'Whether the cap lowered the rules total.';
comment on column computation.commission_lines.scaled is 'Whether the revenue guard lowered it.';
comment on column computation.commission_lines.allocated is
    'Whether the base is a share by stake because no per-client fact exists.';
comment on column computation.commission_lines.state is
    'FINAL, PROVISIONAL (may still change at its provider) or MISSING (no amount).';
comment on column computation.commission_lines.claimed is
    'The amount before the revenue guard, in native units.';
comment on column computation.commission_lines.amount is 'What is owed, in native units.';
comment on column computation.commission_lines.engine_version is 'The engines version that computed this.';

comment on table computation.rule_histories is 'What each rule remembers after the period: base to date and losses; the next period reads it.';
comment on column computation.rule_histories.generation_id is 'The generation this row belongs to.';
comment on column computation.rule_histories.chain_id is 'The chain, as named in chains.yaml.';
comment on column computation.rule_histories.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column computation.rule_histories.agreement_id is 'The agreement.';
comment on column computation.rule_histories.rule_id is 'The rule, unique within its agreement.';
comment on column computation.rule_histories.base_to_date is
    'Base summed in scope_window, in native units; null is not known.';
comment on column computation.rule_histories.loss_carried is
    'Loss still to be set off, in native units; null is not known.';
comment on column computation.rule_histories.scope_window is
    'The quarter or year base_to_date belongs to; null for a scope of one period.';

comment on table computation.commission_statements is 'One row a partner and period of a generation: the sum of its lines.';
comment on column computation.commission_statements.generation_id is 'The generation this row belongs to.';
comment on column computation.commission_statements.statement_id is 'UUIDv5 of partner, chain and period.';
comment on column computation.commission_statements.partner_id is 'The partner.';
comment on column computation.commission_statements.chain_id is 'The chain, as named in chains.yaml.';
comment on column computation.commission_statements.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column computation.commission_statements.billing_month is
    'First day of the month in which the period ended, UTC.';
comment on column computation.commission_statements.status is
    'DRAFT, PENDING_APPROVAL, APPROVED, RELEASED or PAID.';
comment on column computation.commission_statements.total is 'Sum of the lines, in native units.';
comment on column computation.commission_statements.line_count is 'How many lines.';
comment on column computation.commission_statements.releasable is 'False while a finding blocks its release.';

comment on table computation.findings is 'What a person should know about a generation: refused rules, provisional bases, guard hits.';
comment on column computation.findings.generation_id is 'The generation this row belongs to.';
comment on column computation.findings.position is 'Order, from 0.';
comment on column computation.findings.code is 'A short name of the finding.';
comment on column computation.findings.message is 'What happened, where, and what to do.';
comment on column computation.findings.partner_id is 'The partner.';
comment on column computation.findings.validator_key is
    'The validator: vote account (Solana), public key (Ethereum).';
comment on column computation.findings.component is 'EXEC_FEES, MEV_TIPS, VOTE_REWARDS or COMMISSION.';
comment on column computation.findings.blocks_release is 'Whether it stops the statements release.';
