-- A row is one chain: what amounts and wallets on it are read by.
select chain_id, protocol, display_unit, native_decimals
from registry.chains
order by chain_id
