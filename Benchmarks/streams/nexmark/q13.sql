-- Bids with a value out of a table on the side.
SELECT B.auction, B.bidder, B.price, B.dateTime, S.label AS value
FROM (SELECT auction, bidder, price, dateTime, MOD(auction, 10000) AS side FROM bid) AS B
JOIN side_input AS S ON B.side = S.id
